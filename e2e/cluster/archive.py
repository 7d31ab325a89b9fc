"""Makes one-layer image archives without any engine. Rule: same files in, same bytes out.

The archive has the `docker save` layout, which containerd, docker, podman and skopeo all load.
"""

import hashlib
import io
import json
import os
import platform
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CREATED = "2026-01-01T00:00:00Z"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class ScratchImage:
    """An image made of a few files on nothing."""

    reference: str
    """Full name with tag, such as `docker.io/wharfinger/e2e-pause:1`."""
    files: Mapping[str, Path | str] = field(default_factory=dict)
    """Path in the image -> file on this machine, or the text of the file."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Path in the image -> target of the symbolic link."""
    directories: tuple[str, ...] = ("/tmp",)
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    root: Path | None = None
    """A tar archive of a whole root file system, instead of files, links and directories."""


def architecture() -> str:
    """This machine's architecture in the OCI image specification's (Go's) words."""
    return _ARCHITECTURES.get(platform.machine(), platform.machine())


def write_archive(image: ScratchImage, target: Path) -> None:
    """Write `image` to `target`, atomically."""
    layer = image.root.read_bytes() if image.root else _layer(image)
    diff_id = hashlib.sha256(layer).hexdigest()
    configuration = json.dumps(_configuration(image, diff_id), sort_keys=True).encode()
    config_name = hashlib.sha256(configuration).hexdigest() + ".json"
    manifest = [{"Config": config_name, "RepoTags": [image.reference], "Layers": [f"{diff_id}/layer.tar"]}]
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(f".{os.getpid()}.partial")
    with tarfile.open(partial, "w") as archive:
        _add(archive, config_name, configuration)
        _add(archive, "manifest.json", json.dumps(manifest).encode())
        _add(archive, f"{diff_id}/layer.tar", layer)
    partial.rename(target)


def archive_references(archive: Path) -> dict[str, str]:
    """Image references in a `docker save` archive, each with the name of its configuration (which is its identity)."""
    with tarfile.open(archive) as content:
        entry: IO[bytes] | None = content.extractfile("manifest.json")
        manifest = json.load(entry) if entry else []
    return {tag: item["Config"] for item in manifest for tag in item["RepoTags"] or []}


def _configuration(image: ScratchImage, diff_id: str) -> dict[str, object]:
    config: dict[str, object] = {"Env": [f"PATH={PATH}"]}
    if image.entrypoint:
        config["Entrypoint"] = list(image.entrypoint)
    if image.command:
        config["Cmd"] = list(image.command)
    return {
        "architecture": architecture(),
        "os": "linux",
        "created": CREATED,
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{diff_id}"]},
        "history": [{"created": CREATED, "created_by": "e2e.cluster.archive"}],
    }


def _layer(image: ScratchImage) -> bytes:
    buffer = io.BytesIO()
    made: set[str] = set()
    with tarfile.open(fileobj=buffer, mode="w") as layer:
        for directory in image.directories:
            _make_directories(layer, PurePosixPath(directory), made)
        for name, source in sorted(image.files.items()):
            _make_directories(layer, PurePosixPath(name).parent, made)
            if isinstance(source, str):
                _add(layer, name.lstrip("/"), source.encode())
            else:
                _add(layer, name.lstrip("/"), source.read_bytes(), mode=0o755)
        for name, link_target in sorted(image.links.items()):
            _make_directories(layer, PurePosixPath(name).parent, made)
            link = tarfile.TarInfo(name.lstrip("/"))
            link.type, link.linkname = tarfile.SYMTYPE, link_target
            layer.addfile(link)
    return buffer.getvalue()


def _make_directories(layer: tarfile.TarFile, directory: PurePosixPath, made: set[str]) -> None:
    for path in [*reversed(directory.parents), directory]:
        name = str(path).lstrip("/")
        if name and name not in made:
            made.add(name)
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            layer.addfile(entry)


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))
