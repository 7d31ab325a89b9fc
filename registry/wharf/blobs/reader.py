"""Reading a range of a file in large pieces without stopping the event loop.

Rule: what is in the page cache is read at once; what is not is read by a thread. The descriptor is closed when the
range ends, on aclose(), and at the latest when the reader is dropped.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from wharf.blobs import disk
from wharf.blobs.interface import ContentLostError

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from pathlib import Path

PIECE = 1 << 20
"""Most bytes in one piece."""


class FileReader:
    """The bytes of a range, as an asynchronous iterator. Raises ContentLostError when the file is gone or too short."""

    def __init__(self, path: Path, start: int, length: int, pool: Executor) -> None:
        self._descriptor = -1
        self._position = start
        self._left = length
        self._pool = pool
        try:
            with disk.translated():
                self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise ContentLostError(f"the content {path.name} is not on the disk: push it again") from None
        if os.fstat(self._descriptor).st_size < start + length:
            self.close()
            raise ContentLostError(f"the content {path.name} is shorter than recorded: delete it, then push it again")

    def __aiter__(self) -> FileReader:
        """The reader itself."""
        return self

    async def __anext__(self) -> bytes:
        """The next piece."""
        if not self._left or self._descriptor < 0:
            self.close()
            raise StopAsyncIteration
        size = min(self._left, PIECE)
        piece = _cached(self._descriptor, size, self._position)
        if piece is None:
            piece = await self._from_disk(size)
        if not piece:
            self.close()
            raise ContentLostError("the content became shorter while it was read: delete it, then push it again")
        self._position += len(piece)
        self._left -= len(piece)
        return piece

    async def aclose(self) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        """Close the file."""
        self.close()

    async def _from_disk(self, size: int) -> bytes:
        # The duplicate belongs to the thread: a caller that leaves may close ours, and its number be given to another.
        with disk.translated():
            duplicate = os.dup(self._descriptor)
        return await asyncio.get_running_loop().run_in_executor(self._pool, _read, duplicate, size, self._position)


def _cached(descriptor: int, size: int, position: int) -> bytes | None:
    """What the page cache has of it; None when that is nothing, or the file system cannot tell."""
    buffer = bytearray(size)
    try:
        count = os.preadv(descriptor, [buffer], position, os.RWF_NOWAIT)
    except OSError:  # EAGAIN: not cached. EOPNOTSUPP: cannot tell. Anything else shows when the thread reads
        return None
    return bytes(memoryview(buffer)[:count]) if count else None


def _read(descriptor: int, size: int, position: int) -> bytes:
    try:
        with disk.translated():
            return os.pread(descriptor, size, position)
    finally:
        os.close(descriptor)
