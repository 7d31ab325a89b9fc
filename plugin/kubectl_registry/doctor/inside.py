"""What the registry's own pod sees, asked by one command in it.

Rule: one exec for everything; the program reads, and changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from kubectl_registry.doctor.facts import Inside, Unknown
from kubectl_registry.errors import UnreachableError
from kubectl_registry.kube.api import Api
from kubectl_registry.kube.execution import Target, execute

_SECONDS = 20.0
DATA = "/var/lib/wharf"
"""Where the registry's volume is in its pod."""

PROGRAM = """
import hashlib, json, os, socket, sys
def addresses(host):
    try:
        return sorted({found[4][0] for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)})
    except OSError as error:
        return str(error)
volume = os.statvfs("/var/lib/wharf")
try:
    with open("/etc/wharf/htpasswd", "rb") as file:
        htpasswd = hashlib.sha256(file.read()).hexdigest()
except OSError:
    htpasswd = ""
reserved = volume.f_bfree - volume.f_bavail  # for root: neither used nor ours, as the registry and df have it
print(json.dumps({
    "total": (volume.f_blocks - reserved) * volume.f_frsize, "free": volume.f_bavail * volume.f_frsize,
    "inodes": volume.f_favail if volume.f_files else 1, "htpasswd": htpasswd,
    "names": {host: addresses(host) for host in sys.argv[1:]},
}))
"""


def look(api: Api, target: Target, hosts: Iterable[str]) -> Inside:
    """What the pod sees; `hosts` are names to resolve. Raises PluginError."""
    done = execute(api, target, ["python3", "-c", PROGRAM, *hosts], timeout=_SECONDS)
    if done.status:
        raise UnreachableError(f"pod {target.pod} cannot be asked: {done.complaints.strip()[-200:]}")
    return read(done.output)


def read(output: str) -> Inside:
    """What the program printed. Raises UnreachableError for anything else."""
    try:
        told = json.loads(output)
        names = {
            host: Unknown(found) if isinstance(found, str) else tuple(found) for host, found in told["names"].items()
        }
        return Inside(int(told["total"]), int(told["free"]), int(told["inodes"]), str(told["htpasswd"]), names)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreachableError("the pod gave no answer that can be read: is its image another's?") from error
