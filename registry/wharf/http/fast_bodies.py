"""Large request bodies, received straight into a few buffers while a thread hashes and writes those that are full.

Rule: exactly the bytes of the body are taken from the connection, which then reads HTTP again: all of them, or those in
plain chunks (http/framing.py). Whatever arrived is in the store when feed() ends, however it ends, unless the store
itself refuses. Memory is bounded, for nothing is read while no buffer is free, and a client that sends nothing is given
up.

Between a plain body and its handler stand a parser, a queue, three copies and a task that wakes for every 64 KiB: that
is what this leaves out (docs/decisions/0018-speed.md).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from wharf.blobs.direct import ALIGNMENT, buffer
from wharf.http.framing import Length
from wharf.http.messages import ClientGoneError
from wharf.protocol.errors import Problem, RegistryError
from wharf.threads import ended

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from concurrent.futures import Executor
    from mmap import mmap

    from wharf.http.connection import Connection
    from wharf.http.framing import Chunks
    from wharf.http.messages import Request

    Write = Callable[[Sequence[bytes | memoryview]], None]

LEAST = 256 << 10
"""Bytes of body that are worth it: announced or, in chunks, here and not the last."""

SIZE = 512 << 10
"""Bytes of a buffer."""

COUNT = 6
"""Most buffers of one body: they fill while others wait to be written. A busy machine writes more of them at a time."""

TLS_PARTS = 4
"""Over TLS there are so many times more buffers, as much smaller: records are small, and what was just deciphered is
hashed while it is in the processor's cache. Plain TCP is read in larger pieces than that.
"""

NEARLY = 16
"""In chunks, a buffer is full when one part in so many is empty: what framing has left free is not worth a call."""


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
        request, connection = self._request, self._connection
        if connection is None or request.body_ended:
            return False
        length = request.content_length()
        if length is None and connection.chunks is None:
            return False
        return (request.received if length is None else length) >= LEAST and connection.body_is_coming(request.received)

    def size(self) -> int:
        """Bytes of the body; 0 where it is in chunks."""
        return self._request.content_length() or 0

    async def feed(self, write: Write, pool: Executor, before: Sequence[bytes]) -> None:
        """Have what came before written, and then all of the body or what comes in plain chunks: go on iterating.

        Raises ClientGoneError, UPLOAD_TIMEOUT, and what `write` raises.
        """
        connection, request = self._connection, self._request
        assert connection is not None
        length = request.content_length()
        receiver = Receiver(connection, None if length is None else length - request.received, before)
        try:
            await receiver.run(write, pool, request.silence)
        finally:
            request.received += receiver.received
            request.body_ended = receiver.complete
        if not receiver.framing.ended:
            if receiver.lost:
                raise ClientGoneError
            request.stalled = True
            raise RegistryError(Problem.UPLOAD_TIMEOUT)


class Receiver(asyncio.BufferedProtocol):
    """The protocol of a connection while a body arrives.

    `left`: bytes of it that were not taken; None where it is in chunks. `before`: what is to be written first.
    """

    framing: Length | Chunks

    def __init__(self, connection: Connection, left: int | None, before: Sequence[bytes] = ()) -> None:
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
        self._carried = b""  # what the next buffer begins with
        self._full: list[memoryview] = []
        self._something = asyncio.Event()
        self._paused = False
        self._over = False  # nothing more comes from here
        self._heard = self._loop.time()
        self.lost = False
        self.complete = False
        first, chunks = connection.hand_over(self)
        self.received = len(first)  # bytes of content
        if left is not None:
            self.framing = Length(left - len(first))
        else:
            assert chunks is not None
            self.framing = chunks
        # Where nothing lies between the bytes of content, all buffers but the last are full.
        self._spare = 0 if left is not None else self._size // NEARLY
        for piece in (*before, first):
            self._copy(piece)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go. There is always room: otherwise reading is paused."""
        del sizehint
        return self._room()[: self.framing.most()]

    def _room(self) -> memoryview:
        """What is free of the current buffer."""
        if self._current is None:
            if not self._free:
                self._free.append(buffer(self._size))
                self._made += 1
            self._current, self._at = memoryview(self._free.pop()), len(self._carried)
            self._current[: self._at], self._carried = self._carried, b""
        return self._current[self._at :]

    def buffer_updated(self, nbytes: int) -> None:
        """Note what has arrived."""
        assert self._current is not None
        size = self.framing.take(self._current[self._at : self._at + nbytes])
        if size:
            self._heard = self._loop.time()
        self._at += size
        self.received += size
        if self.framing.ended:
            self._stop()
        elif self._size - self._at <= self._spare:
            self._put_aside(self._at % ALIGNMENT if self._at > ALIGNMENT else 0)
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
        except asyncio.CancelledError:
            self._stop()
            if self._full:
                await self._write(write, pool)
            raise
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
        await ended(self._loop.run_in_executor(pool, write, pieces))  # before our buffers are filled again
        self._free += [piece.obj for piece in pieces]  # type: ignore[misc] # what _room() made views of
        if self._paused and self._free and not self._over:
            self._paused = False
            self._heard = self._loop.time()  # it was not the client who was silent
            self._transport.resume_reading()

    def _copy(self, first: bytes) -> None:
        """Take what had been read before this began."""
        rest = memoryview(first)
        while rest:
            room = self._room()
            count = min(len(room), len(rest))
            room[:count] = rest[:count]
            rest = rest[count:]
            self._at += count
            if self._at == self._size:
                self._put_aside()

    def _put_aside(self, carry: int = 0) -> None:
        """Let the current buffer be written but for some bytes at its end: whole pages can go to the disk at once."""
        if self._carried:
            self._room()
        if self._current is not None:
            end = self._at - carry
            self._carried = bytes(self._current[end : self._at])
            if end:
                self._full.append(self._current[:end])
            self._current = None
        self._something.set()

    def _stop(self) -> None:
        """Give the connection back, whatever is left of the body."""
        if self._over:
            return
        self._over = True
        self._put_aside()
        self.complete = self._connection.take_back(self.framing)
        if self._paused:
            self._transport.resume_reading()
