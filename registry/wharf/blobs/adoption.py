"""Taking content over from another place on this machine: a hard link where that can be, else a copy.

Rule: what is taken over has been read whole and has the digest that it was said to have. Of a linked file only the
time and the write permission are touched. Everything here blocks.
"""

from __future__ import annotations

import os
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wharf.blobs import disk, inspection
from wharf.blobs.inspection import State
from wharf.blobs.interface import ContentLostError, DigestMismatchError, NoSpaceError
from wharf.blobs.paths import split
from wharf.protocol import digests

if TYPE_CHECKING:
    from pathlib import Path

    from wharf.blobs.paths import Layout
    from wharf.clock import Clock

WRITABLE = 0o222


@dataclass(frozen=True, slots=True)
class Adopted:
    """Content that is here now. `size` in bytes; `how` is linked, copied or present."""

    size: int
    how: str


def adopt(layout: Layout, source: Path, digest: str, clock: Clock, *, reserve: int = 0) -> Adopted:
    """Let the content of `digest` be what is in the file `source`.

    Raises ContentLostError when there is no such file, DigestMismatchError when it is not that content, NoSpaceError
    when a copy would leave less than `reserve` bytes free, StoreUnavailableError.
    """
    found = inspection.inspect(layout, digest)
    if found.state is State.WHOLE:
        _date(layout.blob(digest), clock)  # a sweep gives it its time
        return Adopted(found.size, "present")
    with disk.translated():
        disk.make_directory(layout.uploads)
        disk.make_directory(layout.blob(digest).parent)
    beside = layout.uploads / f"adopted.{uuid.uuid4().hex}"
    try:
        if _link(source, beside):
            size, how = _hash(beside, digest), "linked"
        else:
            size, how = _copy(source, beside, digest, reserve), "copied"
        with disk.translated(), disk.locked(layout.lock, exclusive=False):
            _date(beside, clock)
            beside.chmod(beside.stat().st_mode & ~WRITABLE)
            beside.rename(layout.blob(digest))
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()
    return Adopted(size, how)


def _link(source: Path, target: Path) -> bool:
    """Give a file another name; False where it must be copied: another file system, or another owner."""
    try:
        if source.stat().st_uid != os.geteuid():
            return False
        os.link(source, target)
    except FileNotFoundError:
        raise ContentLostError(f"{source} is not there") from None
    except OSError:  # EXDEV, EPERM, EMLINK: copying will tell what is really wrong, if anything is
        return False
    return True


def _hash(path: Path, digest: str) -> int:
    """Check the digest of a file; its size."""
    hasher = digests.hasher(split(digest)[0])
    with disk.translated(), path.open("rb", buffering=0) as file:
        while piece := file.read(inspection.PIECE):
            hasher.update(piece)
        size = file.tell()
    _require(hasher.hexdigest(), digest, size)
    return size


def _copy(source: Path, target: Path, digest: str, reserve: int) -> int:
    """Copy a file and check its digest; its size."""
    hasher = digests.hasher(split(digest)[0])
    with disk.translated():
        try:
            reading = source.open("rb", buffering=0)
        except FileNotFoundError:
            raise ContentLostError(f"{source} is not there") from None
        with reading, target.open("xb", buffering=0) as writing:
            if disk.space(target.parent)[1] - os.fstat(reading.fileno()).st_size < reserve:
                raise NoSpaceError(f"a copy of {source} would fill the volume: grow it, then run the import again")
            while piece := reading.read(inspection.PIECE):
                hasher.update(piece)
                view = memoryview(piece)
                while view:
                    view = view[writing.write(view) :]
            size = reading.tell()
        target.chmod(0o440)
    _require(hasher.hexdigest(), digest, size)
    return size


def _require(found: str, digest: str, size: int) -> None:
    if found != split(digest)[1]:
        raise DigestMismatchError(f"its {size} bytes are not what the digest says")


def _date(path: Path, clock: Clock) -> None:
    now = clock()
    with disk.translated():
        os.utime(path, (now, now))
