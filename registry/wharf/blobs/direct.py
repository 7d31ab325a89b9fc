"""Writing a large upload past the page cache (`O_DIRECT`, open(2)), as long as the disk is quick and takes it.

Rule: whatever cannot go this way is left to the caller, who writes it as any other file; nothing is refused for that.

A page cache that takes a gigabyte costs a processor as much as hashing it where its memory must be found first, counts
against the memory limit of the pod, and pushes out what is pulled often. Written past it, the bytes are on their way to
the disk at once, so there is nothing left to wait for when the manifest comes, and the disk works while the processor
hashes. Its price: the first pull reads from the disk. On a disk that is slow that would be felt, and there the page
cache is kept (docs/decisions/0035-large-uploads-past-the-page-cache.md).
"""

from __future__ import annotations

import errno
import mmap
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

LEAST = 64 << 20
"""Bytes of an upload that are worth it. Smaller ones are quickly read by the first pull, from memory."""

SMALL = 64 << 10
"""Bytes of a write that are not worth it: they are in the page cache, and hashed, in microseconds, on any thread."""

ALIGNMENT = mmap.PAGESIZE
"""Memory, offset and length are multiples of it, or the kernel refuses. No disk asks for more than 4 KiB."""

LEAST_RATE = 100e6
"""Bytes a second. A disk that takes fewer, a write at a time, is better left to the kernel, which has many at work."""

TRIED = 16 << 20
"""Bytes after which the disk is judged, by these alone: by and by it may become slow."""

RESTS = 256 << 20
"""Bytes that are left to the kernel before a slow disk is tried again: it may have had something else to do."""

REFUSALS = frozenset({errno.EINVAL, errno.EOPNOTSUPP})
"""Errors that mean that the file system does not have it, or not for these bytes."""


class Direct:
    """Writes to the file at `path`, which is there. Not for two threads at a time."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._descriptor: int | None = None
        self._written = 0
        self._seconds = 0.0
        self._resting = 0
        self._possible = hasattr(os, "O_DIRECT")

    @property
    def usable(self) -> bool:
        """Whether the next bytes may go this way."""
        return self._possible and self._resting <= 0

    def close(self) -> None:
        """Give up the descriptor; the rest has to be written otherwise."""
        self._possible = False
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def write(self, pieces: Sequence[bytes | memoryview], position: int) -> int:
        """Write what can go this way at `position`, from the first piece on; how many bytes. Raises OSError.

        Pieces that are to go this way begin at a page of memory (`buffer`) and fill pages, but for the last.
        """
        if not self.usable:
            self._resting -= sum(len(piece) for piece in pieces)
            return 0
        left = whole_pages(pieces)
        if position % ALIGNMENT or not left:
            return 0
        begun, written = self._clock(), 0
        descriptor = self._open()
        try:
            while left and descriptor is not None:
                count = os.pwritev(descriptor, left, position + written)
                written += count
                left = after(left, count)
        except OSError as error:
            if error.errno not in REFUSALS:
                raise
            self.close()
        self._judge(written, self._clock() - begun)
        return written

    def _open(self) -> int | None:
        """The descriptor; None where there can be none, for whatever reason: the caller's own will tell."""
        if self._descriptor is None:
            try:
                self._descriptor = os.open(self._path, os.O_WRONLY | os.O_DIRECT | os.O_CLOEXEC | os.O_NOFOLLOW)
            except OSError:
                self.close()
        return self._descriptor

    def _judge(self, written: int, seconds: float) -> None:
        self._written += written
        self._seconds += seconds
        if self._written >= TRIED:
            if self._written < LEAST_RATE * self._seconds:
                self._resting = RESTS
            self._written, self._seconds = 0, 0.0


def buffer(size: int) -> mmap.mmap:
    """Memory that begins at a page."""
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


def whole_pages(pieces: Sequence[bytes | memoryview]) -> list[memoryview]:
    """These pieces without what is beyond the last whole page of the last of them."""
    views = [memoryview(piece) for piece in pieces if len(piece)]
    if views:
        views[-1] = views[-1][: len(views[-1]) // ALIGNMENT * ALIGNMENT]
    return [view for view in views if len(view)]


def after(pieces: Sequence[bytes | memoryview], count: int) -> list[memoryview]:
    """What is left of the pieces after their first `count` bytes."""
    left = []
    for piece in pieces:
        if count < len(piece):
            left.append(memoryview(piece)[count:])
        count = max(0, count - len(piece))
    return left
