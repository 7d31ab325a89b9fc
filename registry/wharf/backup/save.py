"""Writes an archive. Rule: no garbage is removed meanwhile, so all that the copied index knows is still there."""

from __future__ import annotations

import io
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from wharf.blobs import disk
from wharf.garbage.exclusive import alone
from wharf.metadata import snapshot

if TYPE_CHECKING:
    from wharf.blobs.paths import Layout


@dataclass
class Saved:
    """What went into an archive."""

    blobs: int = 0
    size: int = 0
    """Bytes of them."""
    missing: list[str] = field(default_factory=list)
    """Digests that the index knows and the disk does not have."""


def save(layout: Layout, sink: IO[bytes]) -> Saved:
    """Write a registry as it is at this moment to `sink`, as tar. Raises MetadataError, BlobError, OSError."""
    saved = Saved()
    with alone(layout.sweeping, wait=True), tempfile.TemporaryDirectory(prefix="wharf-backup-") as scratch:
        copy = Path(scratch) / layout.index.name
        snapshot.take(layout.index, copy)
        with tarfile.open(fileobj=sink, mode="w|", format=tarfile.PAX_FORMAT) as archive:
            _add(archive, str(layout.mark.relative_to(layout.root)), io.BytesIO(snapshot.mark(copy).encode()))
            for digest, size in snapshot.blobs(copy):
                _add_blob(archive, layout, digest, size, saved)
            with copy.open("rb") as file:
                _add(archive, copy.name, file)
    return saved


def _add_blob(archive: tarfile.TarFile, layout: Layout, digest: str, size: int, saved: Saved) -> None:
    path = layout.blob(digest)
    try:
        with disk.translated():
            file = path.open("rb")
    except FileNotFoundError:
        saved.missing.append(digest)
        return
    with file:
        _add(archive, str(path.relative_to(layout.root)), file)
    saved.blobs += 1
    saved.size += size


def _add(archive: tarfile.TarFile, name: str, file: IO[bytes]) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = file.seek(0, io.SEEK_END)
    entry.mode = 0o640
    file.seek(0)
    archive.addfile(entry, file)
