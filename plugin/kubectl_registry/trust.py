"""Where clients on this machine look for the CAs that they trust for one registry.

Rule: only a registry's own directory is written, and only when asked to.
"""

from __future__ import annotations

import os
from pathlib import Path

from kubectl_registry.errors import ForbiddenError


def directory(program: str) -> Path:
    """The directory that holds one directory for each HOST[:PORT] (docker's certs.d, containers-certs.d(5))."""
    if program == "docker":
        return Path("/etc/docker/certs.d")
    if os.geteuid() == 0:
        return Path("/etc/containers/certs.d")
    return Path.home() / ".config" / "containers" / "certs.d"


def places(host: str, root: Path = Path("/")) -> list[Path]:
    """Every directory in which a client may keep what it trusts for a host; `root` is where the system's begin."""
    home = Path.home() / ".config" / "containers" / "certs.d"
    return [root / "etc/docker/certs.d" / host, root / "etc/containers/certs.d" / host, home / host]


def trusted(host: str, root: Path = Path("/")) -> dict[Path, str]:
    """The CAs that clients here have been given for a host, as PEM by file; those that cannot be read are left out."""
    found = {}
    for place in places(host, root):
        for file in sorted(place.glob("*.crt")) if place.is_dir() else []:
            try:
                found[file] = file.read_text()
            except (OSError, UnicodeDecodeError):
                continue
    return found


def write(file: Path, pem: str, name: str, namespace: str) -> None:
    """Write a CA. Raises ForbiddenError with the command that does it as somebody who may."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(pem)
    except OSError as error:
        raise ForbiddenError(
            f"{file} cannot be written ({error.strerror}): do it as root: kubectl get configmap {name}-ca "
            f"-n {namespace} -o jsonpath='{{.data.ca\\.crt}}' | sudo install -D -m 644 /dev/stdin {file}"
        ) from error
