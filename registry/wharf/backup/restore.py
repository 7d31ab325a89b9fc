"""Reads an archive into an empty data directory.

Rule: each blob is hashed on its way, and the index comes into place last: until then the directory holds no registry,
and what was broken off can be run again.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from wharf.blobs import disk
from wharf.blobs.interface import InvalidDigestError
from wharf.blobs.paths import digest_of
from wharf.metadata import snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from wharf.blobs.paths import Layout

CHUNK = 1 << 20


class BackupError(Exception):
    """The archive cannot be restored here. The message says why and what to do."""


@dataclass
class Restored:
    """What came out of an archive."""

    blobs: int = 0
    size: int = 0
    """Bytes of them."""
    damaged: list[str] = field(default_factory=list)
    """Digests whose content in the archive is something else; left out."""
    missing: list[str] = field(default_factory=list)
    """Digests that the index knows and the archive does not have."""


def restore(layout: Layout, source: IO[bytes]) -> Restored:
    """Restore from `source`, a tar. Raises BackupError, MetadataError, BlobError."""
    if layout.index.exists():
        raise BackupError(f"{layout.root} holds a registry already: restore into an empty directory or claim")
    restored, draft = Restored(), layout.index.with_name("index.db.restoring")
    with disk.translated():
        disk.make_directory(layout.blobs)
        draft.unlink(missing_ok=True)
    try:
        with tarfile.open(fileobj=source, mode="r|") as archive:
            for entry in archive:
                _take(layout, archive, entry, draft, restored)
    except (tarfile.TarError, EOFError) as error:
        raise BackupError(f"this is no whole backup ({error}): make or fetch it again") from error
    if not draft.exists():
        raise BackupError("this backup was cut off, for it ends before its index: make or fetch it again")
    snapshot.check(draft)
    restored.missing = [digest for digest, _ in snapshot.blobs(draft) if not layout.blob(digest).exists()]
    with disk.translated():
        os.sync()  # all content, and then the index that promises it
        draft.rename(layout.index)
        disk.sync(layout.root)
    return restored


def _take(
    layout: Layout, archive: tarfile.TarFile, entry: tarfile.TarInfo, draft: Path, restored: Restored
) -> None:  # fmt: skip
    file = archive.extractfile(entry) if entry.isfile() else None
    if file is None:
        raise BackupError(f"{entry.name!r} is nothing that `wharf backup` writes: restore what it wrote")
    if entry.name == layout.index.name:
        _copy(file, draft)
    elif layout.root / entry.name == layout.mark:
        _copy(file, layout.mark)
    else:
        _take_blob(layout, entry, file, restored)


def _take_blob(layout: Layout, entry: tarfile.TarInfo, file: IO[bytes], restored: Restored) -> None:
    try:
        digest = digest_of(layout.root / entry.name)
        path = layout.blob(digest)
    except InvalidDigestError:
        path = None
    if path is None or path != layout.root / entry.name:
        raise BackupError(f"{entry.name!r} is nothing that `wharf backup` writes: restore what it wrote")
    with disk.translated():
        disk.make_directory(path.parent)
        draft = layout.blobs / "restoring"
        found = _copy(file, draft, digest.partition(":")[0])
        if f"{digest.partition(':')[0]}:{found}" != digest:
            draft.unlink()
            restored.damaged.append(digest)
            return
        draft.chmod(0o440)
        draft.rename(path)
    restored.blobs += 1
    restored.size += entry.size


def _copy(file: IO[bytes], target: Path, algorithm: str = "sha256") -> str:
    """Write a file; the hexadecimal hash of what was written."""
    found = hashlib.new(algorithm)
    with disk.translated(), target.open("wb") as output:
        while chunk := file.read(CHUNK):
            found.update(chunk)
            output.write(chunk)
    return found.hexdigest()
