"""The pods of a Registry, and their processes as this machine sees them."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

from e2e.kubectl import Kubectl, Object


def pods_of(kubectl: Kubectl, registry: str, namespace: str) -> list[Object]:
    """The pods of a Registry that are there to stay."""
    found = kubectl.list("pods", namespace, f"wharfinger.dev/registry={registry}")
    return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]


def kill_pod(pod: Object) -> None:
    """Kill -9 every process of the registry's container, as the node sees them."""
    uid = str(pod["metadata"]["uid"])
    names = (uid, uid.replace("-", "_"))
    killed = 0
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if b"wharf" in (process / "cmdline").read_bytes() and any(
                name in (process / "cgroup").read_text() for name in names
            ):
                os.kill(int(process.name), signal.SIGKILL)
                killed += 1
    assert killed, "no process of the registry is seen from here"
