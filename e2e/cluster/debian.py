"""Installs what clusters and images take from Debian. Rule: only what is missing; the index is read at most once."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from e2e.cluster.commands import run
from e2e.cluster.errors import UnusableMachineError
from e2e.cluster.locks import locked
from e2e.cluster.progress import step

CNI_DIRECTORY = Path("/usr/lib/cni")
NODE_PACKAGES: Mapping[str, str] = {
    # program or file that must be there -> the package that brings it
    "ip": "iproute2",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "unshare": "util-linux",
    "mount": "mount",
    "runc": "runc",
    str(CNI_DIRECTORY / "bridge"): "containernetworking-plugins",
    "/usr/share/doc/busybox-static/copyright": "busybox-static",
}
IMAGE_PACKAGES: Mapping[str, str] = {
    "buildah": "buildah",
    "mmdebstrap": "mmdebstrap",
}
ENGINE_PACKAGES = ("docker.io", "containerd", "runc", "tini")
"""A Docker engine, for unpack_packages(): installed, it would start, and be taken for a machine's own."""
CLIENT_PACKAGES: Mapping[str, str] = {
    # the clients that e2e/ pushes and pulls with, and what the pages that it types want
    "skopeo": "skopeo",
    "podman": "podman",
    "jq": "jq",
}


def missing_packages(wanted: Mapping[str, str]) -> list[str]:
    """The packages, sorted, whose program (by PATH) or file (by absolute path) is not on this machine."""
    return sorted(
        {
            package
            for sign, package in wanted.items()
            if not (Path(sign).exists() if "/" in sign else shutil.which(sign))
        }
    )


def ensure_packages(wanted: Mapping[str, str]) -> None:
    """Install the missing ones of `wanted` without asking questions."""
    missing = missing_packages(wanted)
    if not missing:
        return
    if not shutil.which("apt-get"):
        raise UnusableMachineError(
            f"missing: {', '.join(missing)} (Debian's names), and there is no apt-get here; install them yourself"
        )
    quiet = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_MODE": "l"}
    with step(f"installing {len(missing)} Debian packages: {', '.join(missing)}"):
        run(["apt-get", "update", "-q"], env=quiet)
        run(["apt-get", "install", "-qy", "--no-install-recommends", *missing], env=quiet, timeout=1800)


def unpack_packages(names: Sequence[str], target: Path) -> list[Path]:
    """The directories of the programs of packages that are laid out below `target`, and not installed."""
    with locked(target.with_name(f"{target.name}.lock")):
        if not target.exists():
            with (
                step(f"unpacking Debian packages: {', '.join(names)}"),
                tempfile.TemporaryDirectory(dir=target.parent) as scratch,
            ):
                run(["apt-get", "update", "-q"])
                run(["apt-get", "download", "-q", *names], cwd=Path(scratch))
                for package in sorted(Path(scratch).glob("*.deb")):
                    run(["dpkg-deb", "--extract", package, Path(scratch) / "root"])
                (Path(scratch) / "root").rename(target)
    return [target / "usr/sbin", target / "usr/bin"]
