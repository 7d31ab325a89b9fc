"""Passes connections on, byte for byte, to where the data is open: TLS ends there.

Rule: what a client sends is not read before there is somebody who takes it, and no faster than it is taken. A
connection waits while nobody is there, for a time; connections that there is no room for wait in the kernel.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import socket
from typing import TYPE_CHECKING

from wharf.blobs.disk import SHORTAGES

if TYPE_CHECKING:
    from collections.abc import Callable

HOLD = 30.0
"""Longest, in seconds, that a connection waits for somebody to take it."""

RETRY = 0.1
"""Seconds between two tries."""

CONNECT = 2.0
"""Seconds for one try."""

MOST = 4096
"""Connections at once, where the process may have so many files open."""

BATCH = 64
"""Connections that are accepted in one turn of the loop."""

_PAUSE = 1.0  # seconds without accepting when the system has no descriptors left
_ALIVE = {socket.TCP_KEEPIDLE: 15, socket.TCP_KEEPINTVL: 5, socket.TCP_KEEPCNT: 3, socket.TCP_USER_TIMEOUT: 30_000}

log = logging.getLogger("wharf.standby")


class Relay:
    """Accepts on a socket, which becomes this one's, and passes on to what `goal` answers: HOST:PORT, or empty."""

    def __init__(self, listening: socket.socket, goal: Callable[[], str]) -> None:
        listening.setblocking(False)
        self._listening = listening
        self._goal = goal
        self._loop = asyncio.get_running_loop()
        self._running: set[asyncio.Task[None]] = set()
        self._accepting = False
        self._most = min(MOST, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 3)
        self.reached = self._loop.time()  # when somebody was last there

    def accept(self) -> None:
        """Take connections from now on."""
        self._accepting = True
        if len(self._running) < self._most:
            self._loop.add_reader(self._listening.fileno(), self._take)

    def pause(self) -> None:
        """Let connections wait from now on."""
        self._accepting = False
        self._loop.remove_reader(self._listening.fileno())

    async def end(self, seconds: float) -> None:
        """Take those that wait already, and no more; end when all have ended, or after so long."""
        self._take()
        self.pause()
        self._listening.close()
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)

    async def reachable(self) -> bool:
        """Whether somebody is there now."""
        try:
            (await self._connect(self._goal())).transport.abort()
        except OSError:
            return False
        return True

    def _take(self) -> None:
        for _ in range(BATCH):
            try:
                client, _ = self._listening.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in SHORTAGES:
                    raise
                log.warning("no more connections for a moment", extra={"cause": os.strerror(error.errno)})
                self.pause()
                self._loop.call_later(_PAUSE, self.accept)
                return
            task = self._loop.create_task(self._pass_on(client))
            self._running.add(task)
            task.add_done_callback(self._ended)
            if len(self._running) >= self._most:
                self._loop.remove_reader(self._listening.fileno())
                return

    def _ended(self, task: asyncio.Task[None]) -> None:
        full = len(self._running) >= self._most
        self._running.discard(task)
        if full and self._accepting:
            self.accept()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a connection could not be passed on", exc_info=error)

    async def _pass_on(self, client: socket.socket) -> None:
        with client:
            far = await self._reach()
            if far is None:
                return
            try:
                client.setblocking(False)
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                near = End(far)
                await self._loop.connect_accepted_socket(lambda: near, client)
                far.join(near)
                await asyncio.wait({near.lost, far.lost})
            finally:
                far.transport.abort()

    async def _reach(self) -> End | None:
        """A connection to whoever is there; None when nobody is for too long."""
        end = self._loop.time() + HOLD
        while True:
            try:
                return await self._connect(self._goal())
            except OSError:
                if self._loop.time() > end:
                    return None
                await asyncio.sleep(RETRY)

    async def _connect(self, goal: str) -> End:
        """Raises OSError."""
        if not goal:
            raise ConnectionRefusedError
        host, _, port = goal.rpartition(":")
        far = End()
        async with asyncio.timeout(CONNECT):
            try:
                await self._loop.create_connection(lambda: far, host.strip("[]"), int(port))
            except (ValueError, OverflowError) as error:  # the entry is rubbish: nobody is there, as yet
                raise ConnectionRefusedError from error
        opened: socket.socket = far.transport.get_extra_info("socket")
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _ALIVE.items():
            opened.setsockopt(socket.IPPROTO_TCP, option, value)
        self.reached = self._loop.time()
        return far


class End(asyncio.Protocol):
    """One end of a connection that is passed on: what comes here goes to the other, once join() has named it."""

    transport: asyncio.Transport

    def __init__(self, other: End | None = None) -> None:
        self._other = other
        self._done = False  # nothing more comes from here
        self.lost = asyncio.get_running_loop().create_future()

    def join(self, other: End) -> None:
        """This is the other end, which is there too: begin."""
        self._other = other
        if self.lost.done():
            other.transport.close()
        for end in (self, other):
            if not end.transport.is_closing():
                end.transport.resume_reading()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # it is one of these
        """Read nothing yet."""
        self.transport = transport
        transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        """Pass it on."""
        assert self._other is not None
        self._other.transport.write(data)

    def eof_received(self) -> bool:
        """Pass it on that nothing more comes; what comes from the other goes on."""
        assert self._other is not None
        self._done = True
        if self._other._done:
            for end in (self, self._other):
                end.transport.close()
        elif not self._other.transport.is_closing():
            self._other.transport.write_eof()
        return True

    def pause_writing(self) -> None:
        """Read no more from the other before this one has taken what was read."""
        if self._other is not None and not self._other.transport.is_closing():
            self._other.transport.pause_reading()

    def resume_writing(self) -> None:
        """Read on from the other."""
        if self._other is not None and not self._other.transport.is_closing():
            self._other.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the other too, as this one has ended."""
        if not self.lost.done():
            self.lost.set_result(None)
        if self._other is not None and not self._other.transport.is_closing():
            if exc is None:
                self._other.transport.close()
            else:
                self._other.transport.abort()
