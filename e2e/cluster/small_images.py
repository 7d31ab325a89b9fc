"""Small images made here from static programs: the sandbox, a shell for test pods, the node's add-ons.

Rule: an archive in the cache is named after its content, so the same name is never written twice with other bytes.
"""

import hashlib
from pathlib import Path

from e2e.cluster.archive import ScratchImage, write_archive
from e2e.cluster.commands import run
from e2e.cluster.progress import step
from e2e.cluster.tools import Tools, version_of

PREFIX = "docker.io/wharfinger/e2e-"
PAUSE = f"{PREFIX}pause:1"
BUSYBOX = f"{PREFIX}busybox:1"
BUSYBOX_BINARY = Path("/bin/busybox")
_PASSWD = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"


def coredns_reference() -> str:
    """Name of the CoreDNS image; its tag is the pinned version."""
    return f"{PREFIX}coredns:{version_of('coredns')}"


def provisioner_reference() -> str:
    """Name of the local-path-provisioner image; its tag is the pinned version."""
    return f"{PREFIX}local-path-provisioner:{version_of('local-path-provisioner')}"


class SmallImages:
    """Archives of the small images, made on demand into the cache."""

    def __init__(self, cache_directory: Path, tools: Tools) -> None:
        self._root = cache_directory / "images"
        self._tools = tools

    def pause(self) -> Path:
        """The sandbox container that holds a pod's namespaces."""
        return self._archive(ScratchImage(PAUSE, {"/pause": self._tools.path("pause")}, entrypoint=("/pause",)))

    def coredns(self) -> Path:
        """Cluster DNS."""
        program = self._tools.path("coredns")
        return self._archive(ScratchImage(coredns_reference(), {"/coredns": program}, entrypoint=("/coredns",)))

    def provisioner(self) -> Path:
        """Dynamic volumes."""
        program = self._tools.path("local-path-provisioner")
        return self._archive(ScratchImage(provisioner_reference(), {"/local-path-provisioner": program}))

    def busybox(self) -> Path:
        """A shell with the usual small programs, for test pods and the provisioner's helper."""
        applets = run([BUSYBOX_BINARY, "--list"]).split()
        image = ScratchImage(
            BUSYBOX,
            {"/bin/busybox": BUSYBOX_BINARY, "/etc/passwd": _PASSWD},
            links={f"/bin/{name}": "/bin/busybox" for name in applets if name != "busybox"},
            directories=("/tmp", "/root", "/etc", "/var/www"),
            command=("sh",),
        )
        return self._archive(image)

    def _archive(self, image: ScratchImage) -> Path:
        name = image.reference.rpartition("/")[2].replace(":", "-")
        target = self._root / f"{name}-{_key(image)}.tar"
        if not target.exists():
            with step(f"making image {image.reference}"):
                write_archive(image, target)
        return target


def _key(image: ScratchImage) -> str:
    """Twelve hex digits over what goes into the image; a program counts by its path, size and time."""
    digest = hashlib.sha256(repr((image.reference, image.links, image.directories, image.entrypoint)).encode())
    for name, source in sorted(image.files.items()):
        content = source if isinstance(source, str) else f"{source} {source.stat().st_size} {source.stat().st_mtime_ns}"
        digest.update(f"{name}\0{content}\0".encode())
    return digest.hexdigest()[:12]
