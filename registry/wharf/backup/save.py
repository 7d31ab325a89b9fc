"""Writes an archive.

Rule: no garbage is removed meanwhile, so all that the copied index knows is still there. Content is hashed on its way,
and whatever is wrong with it, the rest is saved: it goes into the archive as it is, for how it ends is not known when
an entry begins, and `wharf restore` leaves it out.
"""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from wharf.blobs import disk
from wharf.blobs.interface import StoreUnavailableError
from wharf.blobs.paths import split
from wharf.garbage.exclusive import alone
from wharf.metadata import snapshot
from wharf.protocol import digests

if TYPE_CHECKING:
    from wharf.blobs.paths import Layout


@dataclass
class Saved:
    """What went into an archive."""

    blobs: int = 0
    size: int = 0
    """Bytes of them."""
    damaged: list[str] = field(default_factory=list)
    """Digests whose content is something else, or cannot be read."""
    missing: list[str] = field(default_factory=list)
    """Digests that the index knows and the disk does not have, or does not give away."""


def save(layout: Layout, sink: IO[bytes]) -> Saved:
    """Write a registry as it is at this moment to `sink`, as tar. Raises MetadataError, BlobError, OSError."""
    saved = Saved()
    with alone(layout.sweeping, wait=True), tempfile.TemporaryDirectory(prefix="wharf-backup-") as scratch:
        copy = Path(scratch) / layout.index.name
        snapshot.take(layout.index, copy)
        with tarfile.open(fileobj=sink, mode="w|", format=tarfile.PAX_FORMAT) as archive:
            mark = snapshot.mark(copy).encode()
            _add(archive, str(layout.mark.relative_to(layout.root)), io.BytesIO(mark), len(mark))
            for digest, size in snapshot.blobs(copy):
                _add_blob(archive, layout, digest, size, saved)
            with copy.open("rb") as file:
                _add(archive, copy.name, file, copy.stat().st_size)
    return saved


def _add_blob(archive: tarfile.TarFile, layout: Layout, digest: str, size: int, saved: Saved) -> None:
    path = layout.blob(digest)
    try:
        with disk.translated():
            file = path.open("rb")
    except (FileNotFoundError, StoreUnavailableError):
        saved.missing.append(digest)
        return
    algorithm, expected = split(digest)
    with file:
        hashed = Hashed(file, algorithm)
        _add(archive, str(path.relative_to(layout.root)), hashed, os.fstat(file.fileno()).st_size)
    if hashed.hexdigest() == expected:
        saved.blobs += 1
        saved.size += size
    else:
        saved.damaged.append(digest)


class Hashed:
    """A file that is hashed while it is read, once from its beginning; noughts from where it cannot be read."""

    def __init__(self, file: IO[bytes], algorithm: str) -> None:
        self._file = file
        self._hasher = digests.hasher(algorithm)
        self._readable = True

    def hexdigest(self) -> str:
        """The hash of what was read."""
        return self._hasher.hexdigest()

    def read(self, size: int, /) -> bytes:
        """So many bytes, fewer at the end only: an entry must have as many as it began with."""
        piece = bytes(size)
        if self._readable:
            try:
                piece = self._file.read(size)
            except OSError:  # the disk says so slowly, and once is enough
                self._readable = False
        self._hasher.update(piece)
        return piece


def _add(archive: tarfile.TarFile, name: str, file: IO[bytes] | Hashed, size: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = size
    entry.mode = 0o640
    archive.addfile(entry, file)  # type: ignore[arg-type] # all that it does is to read
