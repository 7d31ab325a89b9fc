"""Looking whether content is what its name says, and setting aside what is not.

Rule: only a file that was read whole and found wrong is moved, and only while it is still that file. Nothing is
deleted: what was set aside may yet be of use to somebody. Everything here blocks.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from wharf.blobs import disk
from wharf.blobs.interface import InvalidDigestError
from wharf.blobs.paths import digest_of, split
from wharf.protocol import digests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wharf.blobs.paths import Layout

PIECE = 1 << 20
"""Bytes that are read and hashed at a time."""


class State(Enum):
    """What content turned out to be."""

    WHOLE = "whole"
    ABSENT = "absent"
    CORRUPT = "corrupt"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Inspected:
    """What was found where the content of a digest should be. `size` in bytes; `file` tells one file from another."""

    digest: str
    state: State
    size: int = 0
    file: tuple[int, int] = (0, 0)
    message: str = ""


def inspect(layout: Layout, digest: str, *, pause: Callable[[int], None] = lambda _: None) -> Inspected:
    """Read content and hash it; `pause` is called with the size of each piece that was read, to slow this down.

    What was read leaves the page cache to those who pull.
    """
    try:
        descriptor = os.open(layout.blob(digest), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return Inspected(digest, State.ABSENT)
    except OSError as error:
        return Inspected(digest, State.UNREADABLE, message=error.strerror or str(error))
    try:
        found = inspect_open(digest, descriptor, pause)
        if found.state is not State.UNREADABLE:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        return found
    finally:
        os.close(descriptor)


def inspect_open(digest: str, descriptor: int, pause: Callable[[int], None]) -> Inspected:
    """As inspect(), of an open file, whatever has become of its name; it stays open and in the page cache."""
    algorithm, _ = split(digest)
    hasher = digests.hasher(algorithm)
    size = 0
    try:
        while piece := os.pread(descriptor, PIECE, size):
            hasher.update(piece)
            size += len(piece)
            pause(len(piece))
        status = os.fstat(descriptor)
    except OSError as error:
        return Inspected(digest, State.UNREADABLE, message=error.strerror or str(error))
    state = State.WHOLE if f"{algorithm}:{hasher.hexdigest()}" == digest else State.CORRUPT
    return Inspected(digest, state, size, (status.st_ino, status.st_mtime_ns))


def set_aside(layout: Layout, found: Inspected) -> bool:
    """Move a file that was found wrong into quarantine; False when another is in its place by now."""
    path = layout.blob(found.digest)
    with disk.translated(), disk.locked(layout.lock, exclusive=True):
        try:
            status = path.stat()
        except FileNotFoundError:
            return False
        if (status.st_ino, status.st_mtime_ns) != found.file:
            return False
        disk.make_directory(layout.quarantine)
        path.rename(layout.quarantine / found.digest.replace(":", "-"))
        disk.sync(layout.quarantine)
        disk.sync(path.parent)
    return True


def missing(layout: Layout) -> list[tuple[str, float]]:
    """What was set aside, by whomever, and has not been stored again: digests, and when that was, the latest first."""
    found = []
    with disk.translated(), suppress(FileNotFoundError):  # there is no such directory
        for path in layout.quarantine.iterdir():
            digest = path.name.replace("-", ":", 1)
            if digests.is_supported(digest) and not layout.blob(digest).exists():
                with suppress(FileNotFoundError):  # somebody clears it
                    found.append((digest, path.stat().st_ctime))  # the move was the last change
    return sorted(found, key=lambda one: one[1], reverse=True)


def strays(layout: Layout) -> Iterator[Path]:
    """Files among the content that no digest leads to, in byte order."""
    with disk.translated():
        for directory, names, files in os.walk(layout.blobs):
            names.sort()
            for name in sorted(files):
                path = Path(directory, name)
                if path not in (layout.lock, layout.mark) and not _in_place(layout, path):
                    yield path


def _in_place(layout: Layout, path: Path) -> bool:
    try:
        return layout.blob(digest_of(path)) == path
    except InvalidDigestError:
        return False
