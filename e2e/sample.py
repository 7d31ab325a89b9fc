"""The image that the road and the tests push: a static busybox that says hello.

Rule: made here from one file, the same bytes each time, so that its digest can be compared.
"""

from __future__ import annotations

from pathlib import Path

from e2e.cluster.archive import ScratchImage, write_archive
from e2e.cluster.debian import CLIENT_PACKAGES, ensure_packages

PROGRAM = Path("/bin/busybox")
REFERENCE = "docker.io/library/hello:1"
GREETING = "hello from an image that Wharfinger keeps"


def sample_image(target: Path) -> Path:
    """Write the archive (`docker save` layout) unless it is there; its path."""
    ensure_packages({"/usr/share/doc/busybox-static/copyright": "busybox-static"})
    if not target.exists():
        image = ScratchImage(
            REFERENCE,
            {"/bin/busybox": PROGRAM},
            links={f"/bin/{name}": "/bin/busybox" for name in ("sh", "echo", "true", "sleep")},
            command=("echo", GREETING),
        )
        write_archive(image, target)
    return target


def ensure_clients() -> None:
    """Install skopeo and podman where they are missing and can be had."""
    ensure_packages(CLIENT_PACKAGES)
