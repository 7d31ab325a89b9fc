"""Sends ranges of files over plain TCP with sendfile(2): the bytes go from the page cache to the socket in the kernel.

Rule: as for files.py, of which this is the short way: what is not in the page cache is read by a thread, a file that
ends early breaks the connection, and a client that takes nothing is given up, one that takes little is not.

uvloop has no sendfile, and lets nobody else wait for its sockets: a duplicate of the descriptor is waited for instead.
It keeps the connection open, so it is closed however this ends.
"""

from __future__ import annotations

import asyncio
import os
import socket as sockets
import struct
import termios
from fcntl import ioctl
from typing import TYPE_CHECKING, Any

from wharf.blobs.disk import SHORTAGES, cached
from wharf.http import connection as limits
from wharf.http.files import AHEAD, UNREADABLE, DamagedContentError, read_ahead
from wharf.http.messages import ClientGoneError
from wharf.threads import ended

if TYPE_CHECKING:
    from wharf.http.connection import Connection
    from wharf.http.messages import FileBody

LEAST = 64 << 10
"""Bytes that are worth it."""

STEP = 2 << 20
"""Most bytes with one call: what others wait for, about 0.2 ms."""

_FIRST = asyncio.FIRST_COMPLETED


async def send(connection: Connection, file: FileBody, descriptor: int, gone: asyncio.Future[None]) -> bool:
    """Send a range of an open file whose header has been sent, until `gone` is done; False, and nothing, if that is
    not possible here. Raises ClientGoneError, DamagedContentError.
    """
    if file.length < LEAST:
        return False
    borrowed = await _borrow(connection, file.length)
    if borrowed is None:
        return False
    with borrowed:
        try:
            # Else each 64 KiB that sendfile() takes at a time end in a packet that is not full.
            borrowed.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_CORK, 1)
            await _send(borrowed.fileno(), descriptor, file, gone)
            borrowed.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_CORK, 0)
        except (ClientGoneError, OSError) as error:
            if isinstance(error, OSError) and error.errno in UNREADABLE:
                raise DamagedContentError from error
            connection.transport.abort()  # the duplicate has kept it open
            await asyncio.wait({gone})
            raise ClientGoneError from error
    return True


async def _borrow(connection: Connection, length: int) -> sockets.socket | None:
    """A duplicate of the socket, for sending the next `length` bytes of the current answer's body.

    None over TLS, where too many files are open, and where what was sent before, or a request that came too early, is
    in the way: then nothing may be sent beside the transport.
    """
    await asyncio.sleep(0)  # uvloop sends at the end of a turn
    transport = connection.transport
    closing = transport.is_closing()
    if connection.scheme != "http" or closing or connection.pipeline or transport.get_write_buffer_size():
        return None
    try:
        borrowed = sockets.socket(fileno=os.dup(transport.get_extra_info("socket").fileno()))
    except OSError as error:
        if error.errno not in SHORTAGES:
            raise
        return None
    # Now: when the last byte has left, the next request may be here before us.
    connection.cycle.expected_content_length -= length
    return borrowed


async def _send(socket: int, descriptor: int, file: FileBody, gone: asyncio.Future[None]) -> None:
    at, end = file.start, file.start + file.length
    known = at  # what comes before this was in the page cache a moment ago
    while at < end:
        if gone.done():
            raise ClientGoneError
        size = min(STEP, end - at)
        if at + size > known and cached(descriptor, at, min(AHEAD, end - at)):
            known = min(at + AHEAD, end)
        try:
            if at + size <= known:
                sent = os.sendfile(socket, descriptor, at, size)
            else:
                sent = await _in_thread(socket, descriptor, at, size, end)
        except BlockingIOError:
            sent = -1
        if sent == 0:
            raise DamagedContentError
        at += max(sent, 0)
        if sent == size:
            await asyncio.sleep(0)  # the others' turn
        elif at < end:
            await _writable(socket, gone)
            known = at  # that can have been long ago


async def _in_thread(socket: int, descriptor: int, at: int, size: int, end: int) -> int:
    """As os.sendfile(), which will wait for the disk."""
    loop = asyncio.get_running_loop()
    return await ended(loop.run_in_executor(None, _from_disk, socket, descriptor, at, size, end))


def _from_disk(socket: int, descriptor: int, at: int, size: int, end: int) -> int:
    read_ahead(descriptor, at, end)
    return os.sendfile(socket, descriptor, at, size)


async def _writable(socket: int, gone: asyncio.Future[None]) -> None:
    """Return when the socket takes more, or the client is gone. Raises ClientGoneError when it has taken nothing."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_writer(socket, ready.set)
    waiting = asyncio.ensure_future(ready.wait())
    either: set[asyncio.Future[Any]] = {waiting, gone}
    try:
        left = unsent(socket)
        while not (await asyncio.wait(either, timeout=limits.WRITE_SECONDS, return_when=_FIRST))[0]:
            before, left = left, unsent(socket)
            if left >= before:
                raise ClientGoneError
    finally:
        loop.remove_writer(socket)
        waiting.cancel()


def unsent(socket: int) -> int:
    """Bytes that the kernel holds until the client takes them (tcp(7), SIOCOUTQ)."""
    count: int = struct.unpack("i", ioctl(socket, termios.TIOCOUTQ, bytes(4)))[0]
    return count
