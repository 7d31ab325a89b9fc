"""kubectl as the tests use it: the real program, JSON in, JSON out, and waits that have a deadline.

Rule: every wait names what it waits for, polls with a pause, and fails after its deadline with what was last seen.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import yaml

T = TypeVar("T")
Object = dict[str, Any]


class CommandError(AssertionError):
    """A program failed; the message holds what it printed."""

    def __init__(self, command: list[str], output: str) -> None:
        super().__init__(f"{' '.join(command)}\n{output}")
        self.output = output


def run(command: list[str], *, stdin: str = "", timeout: float = 120, env: dict[str, str] | None = None) -> str:
    """Run a program to its end; what it printed on standard output. Raises CommandError when it fails."""
    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=timeout, check=False, env=env
    )  # fmt: skip
    if done.returncode:
        raise CommandError(command, done.stdout + done.stderr)
    return done.stdout


def eventually(what: str, probe: Callable[[], T | None], *, timeout: float = 60, pause: float = 0.25) -> T:
    """Call `probe` until it returns something true, at most `timeout` seconds; that something.

    A CommandError or AssertionError of the probe counts as not yet, and is shown if the time runs out.
    """
    deadline = time.monotonic() + timeout
    seen: object = None
    while time.monotonic() < deadline:
        try:
            seen = probe()
        except AssertionError as error:
            seen = error
        else:
            if seen:
                return seen
        time.sleep(pause)
    raise AssertionError(f"after {timeout:.0f} s still not: {what}; last seen: {seen}")


@dataclass(frozen=True)
class Kubectl:
    """kubectl with a cluster's administrator behind it."""

    program: str
    kubeconfig: str

    def __call__(self, *args: str, stdin: str = "", timeout: float = 120) -> str:
        """Run kubectl; what it printed."""
        return run([self.program, "--kubeconfig", self.kubeconfig, *args], stdin=stdin, timeout=timeout)

    def get(self, kind: str, name: str, namespace: str) -> Object | None:
        """The object, or None when there is none."""
        text = self("get", kind, name, "-n", namespace, "-o", "json", "--ignore-not-found")
        return json.loads(text) if text.strip() else None

    def list(self, kind: str, namespace: str, selector: str = "") -> list[Object]:
        """The objects of a kind in a namespace."""
        text = self("get", kind, "-n", namespace, "-o", "json", *(["-l", selector] if selector else []))
        items: list[Object] = json.loads(text)["items"]
        return items

    def apply(self, *objects: Object, namespace: str = "") -> str:
        """Apply objects as a user would (`kubectl apply -f -`)."""
        text = yaml.safe_dump_all(objects)
        return self("apply", "-f", "-", *(["-n", namespace] if namespace else []), stdin=text)

    def namespace(self, name: str) -> None:
        """Create a namespace, and wait until pods are admitted to it."""
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        eventually(f"{name} has its default ServiceAccount", lambda: self.get("serviceaccount", "default", name))

    def condition(self, kind: str, name: str, namespace: str, condition: str) -> Object:
        """One condition of an object's status; {} when it has none of that type."""
        found = self.get(kind, name, namespace) or {}
        conditions = found.get("status", {}).get("conditions", [])
        return next((c for c in conditions if c["type"] == condition), {})

    def wait_condition(
        self, resource: str, namespace: str, condition: str, status: str, *, timeout: float = 60
    ) -> Object:
        """Wait until a condition of `resource` (kind/name) has this status; the condition."""
        kind, name = resource.split("/")

        def probe() -> Object | None:
            found = self.condition(kind, name, namespace, condition)
            assert found.get("status") == status, found
            return found

        return eventually(f"{resource} is {condition}={status}", probe, timeout=timeout)

    def wait_ready(self, name: str, namespace: str, *, timeout: float = 60) -> None:
        """Wait until a Registry says it is Ready for its present generation; fail with the story it tells."""
        try:
            self("wait", "--for=condition=Ready", f"registry/{name}", "-n", namespace, f"--timeout={timeout:.0f}s",
                 timeout=timeout + 30)  # fmt: skip
        except CommandError as error:
            story = self("describe", "registry", name, "-n", namespace)
            pods = self("get", "pods,pvc", "-n", namespace, "-o", "wide")
            raise AssertionError(f"{error}\n{story}\n{pods}") from error


def absent(kubectl: Kubectl, kind: str, name: str, namespace: str) -> bool:
    """Whether there is no such object."""
    return kubectl.get(kind, name, namespace) is None
