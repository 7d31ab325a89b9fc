"""Looking whether content is what its name says, setting aside what is not, and noting what cannot be had.

Rule: only a file that was read whole and found wrong is moved, and only while it is still that file. Nothing is
deleted: what was set aside may yet be of use to somebody. A note says only that somebody should look: what is wrong is
told from what is there, so that content which came again is not called damaged. Everything here blocks.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from wharf.blobs import disk
from wharf.blobs.interface import InvalidDigestError, StoreUnavailableError
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

    What was read leaves the page cache to those who pull. Raises StoreUnavailableError when too many files are open.
    """
    try:
        descriptor = os.open(layout.blob(digest), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return Inspected(digest, State.ABSENT)
    except OSError as error:
        if error.errno in disk.SHORTAGES:
            raise StoreUnavailableError(f"{error.strerror}: raise the limit of open files") from error
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
        path.rename(_aside(layout, found.digest))
        disk.sync(layout.quarantine)
        disk.sync(path.parent)
    return True


def is_aside(layout: Layout, digest: str) -> bool:
    """Whether content of this name was set aside."""
    return _aside(layout, digest).exists()


def note(layout: Layout, digest: str) -> None:
    """Note that content could not be had. Raises NoSpaceError, StoreUnavailableError."""
    path = _noted(layout, digest)
    with disk.translated():
        disk.make_directory(layout.damage)
        if not path.exists() or _state(layout, digest, path.stat().st_ctime) is None:
            path.touch(0o640)


def forget(layout: Layout, digest: str) -> None:
    """Forget such a note, for the content can be had. Where nothing can be written, the note stays."""
    with suppress(OSError):
        _noted(layout, digest).unlink()


def damage(layout: Layout) -> list[tuple[str, State, float]]:
    """What was set aside or noted, by whomever, and is no better: digests, what they are, and since when, latest first.

    Raises StoreUnavailableError.
    """
    found = {}
    for digest, since in _named(layout.quarantine):
        if not layout.blob(digest).exists():
            found[digest] = (State.CORRUPT, since)
    for digest, since in _named(layout.damage):
        if digest not in found and (state := _state(layout, digest, since)) is not None:
            found[digest] = (state, since)
    latest = sorted(found.items(), key=lambda one: one[1][1], reverse=True)
    return [(digest, state, since) for digest, (state, since) in latest]


def _named(directory: Path) -> Iterator[tuple[str, float]]:
    """The digests that a directory has entries of, and when each was last touched or moved there."""
    with disk.translated(), suppress(FileNotFoundError):  # there is no such directory
        for path in directory.iterdir():
            digest = path.name.replace("-", ":", 1)
            if digests.is_supported(digest):
                with suppress(FileNotFoundError):  # somebody clears it
                    yield digest, path.stat().st_ctime


def _state(layout: Layout, digest: str, since: float) -> State | None:
    """What content is that could not be had `since` then; None: it came again."""
    try:
        changed = layout.blob(digest).stat().st_ctime
    except FileNotFoundError:
        return State.ABSENT
    except OSError:
        return State.UNREADABLE
    return State.UNREADABLE if changed <= since else None


def _aside(layout: Layout, digest: str) -> Path:
    return layout.quarantine / digest.replace(":", "-")


def _noted(layout: Layout, digest: str) -> Path:
    return layout.damage / digest.replace(":", "-")


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
