"""Large request bodies, received straight into a few buffers while a thread hashes and writes those that are full.

Rule: exactly the bytes of the body are taken from the connection, which then reads HTTP again; whatever arrived is in
the store when feed() ends, however it ends, unless the store itself refuses. Memory is bounded, for nothing is read
while no buffer is free, and a client that sends nothing is given up.

Between a plain body and its handler stand a parser, a queue, three copies and a task that wakes for every 64 KiB: that
is what this leaves out (docs/decisions/0018-speed.md).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from wharf.blobs.direct import buffer
from wharf.http.messages import ClientGoneError
from wharf.protocol.errors import Problem, RegistryError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from concurrent.futures import Executor
    from mmap import mmap

    from wharf.http.connection import Connection
    from wharf.http.messages import Request

    Write = Callable[[Sequence[bytes | memoryview]], None]

LEAST = 256 << 10
"""Bytes of body that are worth it."""

SIZE = 512 << 10
"""Bytes of a buffer."""

COUNT = 6
"""Most buffers of one body: they fill while others wait to be written. A busy machine writes more of them at a time."""

TLS_PARTS = 4
"""Over TLS there are so many times more buffers, as much smaller: records are small, and what was just deciphered is
hashed while it is in the processor's cache. Plain TCP is read in larger pieces than that.
"""


class Body:
    """The body of an upload: an iterator of its parts or, where `ready`, something that feeds itself to a store."""

    def __init__(self, request: Request, connection: Connection | None) -> None:
        self._request = request
        self._connection = connection
        self._parts = request.chunks()

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The parts as they arrive."""
        return self._parts

    async def __anext__(self) -> bytes:
        """The next part."""
        return await anext(self._parts)

    def ready(self) -> bool:
        """Whether feed() may be called."""
        length = self._request.content_length()
        return (
            self._connection is not None
            and length is not None
            and length >= LEAST
            and b"transfer-encoding" not in self._request.headers
            and self._connection.body_is_coming()
        )

    def size(self) -> int:
        """Bytes of the body."""
        return self._request.content_length() or 0

    async def feed(self, write: Write, pool: Executor) -> None:
        """Have all of the body written. Raises ClientGoneError, UPLOAD_TIMEOUT, and what `write` raises."""
        connection, request = self._connection, self._request
        assert connection is not None
        receiver = Receiver(connection, self.size())
        try:
            await receiver.run(write, pool, request.silence)
        finally:
            request.received += receiver.received
            request.body_ended = receiver.left == 0
        if receiver.left:
            if receiver.lost:
                raise ClientGoneError
            request.stalled = True
            raise RegistryError(Problem.UPLOAD_TIMEOUT)


class Receiver(asyncio.BufferedProtocol):
    """The protocol of a connection while a body of `length` bytes arrives."""

    def __init__(self, connection: Connection, length: int) -> None:
        self._connection = connection
        self._transport = connection.transport
        self._loop = asyncio.get_running_loop()
        parts = TLS_PARTS if connection.scheme == "https" else 1
        self._size = SIZE // parts
        self.most = COUNT * parts
        self._free: list[mmap] = []
        self._made = 0
        self._current: memoryview | None = None
        self._at = 0  # bytes in the current buffer
        self._full: list[memoryview] = []
        self._something = asyncio.Event()
        self._paused = False
        self._over = False  # nothing more comes from here
        self._heard = self._loop.time()
        self.lost = False
        first = connection.hand_over(self)
        self.received = len(first)
        self.left = length - len(first)
        self._copy(first)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go. There is always room: otherwise reading is paused."""
        del sizehint
        return self._room()[: self.left]

    def _room(self) -> memoryview:
        """What is free of the current buffer."""
        if self._current is None:
            if not self._free:
                self._free.append(buffer(self._size))
                self._made += 1
            self._current, self._at = memoryview(self._free.pop()), 0
        return self._current[self._at :]

    def buffer_updated(self, nbytes: int) -> None:
        """Note what has arrived."""
        self._heard = self._loop.time()
        self._at += nbytes
        self.received += nbytes
        self.left -= nbytes
        if self.left == 0:
            self._stop()
        elif self._at == self._size:
            self._put_aside()
            if not self._free and self._made == self.most:
                self._paused = True
                self._transport.pause_reading()

    def eof_received(self) -> None:
        """The client sends no more; the transport closes."""
        self._connection.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Keep what came."""
        self.lost = True
        if not self._over:
            self._over = True
            self._put_aside()
        self._something.set()
        self._connection.connection_lost(exc)

    def pause_writing(self) -> None:
        """As the connection has it."""
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        """As the connection has it."""
        self._connection.resume_writing()

    async def run(self, write: Write, pool: Executor, silence: float) -> None:
        """Write everything until the body, the client or its time is at its end, or the store refuses."""
        try:
            while self._full or not self._over:
                if self._full:
                    await self._write(write, pool)
                elif not await self._wait(silence):
                    self._stop()
        finally:
            self._stop()

    async def _wait(self, silence: float) -> bool:
        """Wait until there is something to do; False when the client has sent nothing for so long."""
        self._something.clear()
        left = self._heard + silence - self._loop.time()
        try:
            async with asyncio.timeout(left):
                await self._something.wait()
        except TimeoutError:
            return self._loop.time() - self._heard < silence  # it sends, but has not filled a buffer
        return True

    async def _write(self, write: Write, pool: Executor) -> None:
        pieces, self._full = self._full, []
        work = self._loop.run_in_executor(pool, write, pieces)
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            await asyncio.wait({work})  # it works on our buffers, and on a session that will be closed
            raise
        self._free += [piece.obj for piece in pieces]  # type: ignore[misc] # what _room() made views of
        if self._paused and self._free and not self._over:
            self._paused = False
            self._heard = self._loop.time()  # it was not the client who was silent
            self._transport.resume_reading()

    def _copy(self, first: bytes) -> None:
        """Take what had been read before this began: all buffers are full but the last, and begin at a page."""
        rest = memoryview(first)
        while rest:
            room = self._room()
            count = min(len(room), len(rest))
            room[:count] = rest[:count]
            rest = rest[count:]
            self._at += count
            if self._at == self._size:
                self._put_aside()

    def _put_aside(self) -> None:
        """Let the current buffer be written."""
        if self._current is not None:
            if self._at:
                self._full.append(self._current[: self._at])
            self._current = None
        self._something.set()

    def _stop(self) -> None:
        """Give the connection back, whatever is left of the body."""
        if self._over:
            return
        self._over = True
        self._put_aside()
        self._connection.take_back(self.left)
        if self._paused:
            self._transport.resume_reading()
