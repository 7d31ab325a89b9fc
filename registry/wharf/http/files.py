"""Reads parts of files in large pieces, without a buffer between file and socket. TLS and small ranges leave this way.

Rule: what leaves is what the file holds: one of another size than recorded is refused before the first byte, and one
that ends early, or is not what its name says, breaks the connection rather than ending the body. At most one piece a
connection is in memory.
"""

from __future__ import annotations

import asyncio
import errno
import os
from typing import TYPE_CHECKING

from wharf.blobs.disk import SHORTAGES, cached, fetch
from wharf.blobs.proofs import SMALL
from wharf.protocol.errors import Problem, RegistryError
from wharf.threads import ended

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from wharf.http.messages import FileBody

PIECE = 256 << 10
"""Bytes read and sent at a time: a client that stalls holds three of them."""

LARGE_PIECE, FEW = 1 << 20, 8
"""The same while so many such answers are under way at most. Over TLS it takes a tenth less of a processor."""

AHEAD = 8 << 20
"""Bytes that the disk is asked for when some are not in memory. It would be idle between pieces, and the kernel does
not take them for a file that is read from beginning to end.
"""

_under_way: set[object] = set()


UNREADABLE = frozenset({errno.EIO, errno.EBADMSG, errno.EUCLEAN, errno.ESTALE})
"""Errors of a disk rather than of a client: it fails, what it says is not what it was told, it is no longer there."""


class DamagedContentError(Exception):
    """The file cannot be read, ended early, or is not what its name says, after the answer had begun."""


async def proof(body: FileBody, descriptor: int) -> asyncio.Future[bool] | None:
    """What the end of an answer has to wait for; None: nothing. Raises CONTENT_DAMAGED where that is known in time.

    A small file is hashed before its answer begins. That of a larger one begins at once, and ends once it is proven.
    """
    pending = body.prove(descriptor) if body.prove is not None else None
    if pending is None or body.size > SMALL:
        return pending
    if not await asyncio.shield(pending):
        raise RegistryError(Problem.CONTENT_DAMAGED)
    return None


def open_checked(body: FileBody) -> int:
    """A descriptor of the file, which the caller closes.

    Raises CONTENT_DAMAGED when it is missing or of another size, UNAVAILABLE when too many files are open.
    """
    try:
        descriptor = os.open(body.path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in SHORTAGES:
            raise RegistryError(Problem.UNAVAILABLE, headers=[("Retry-After", "1")]) from error
        body.doubt()
        raise RegistryError(Problem.CONTENT_DAMAGED) from error
    if os.fstat(descriptor).st_size != body.size:
        os.close(descriptor)
        body.doubt()
        raise RegistryError(Problem.CONTENT_DAMAGED)
    return descriptor


async def pieces(descriptor: int, start: int, length: int) -> AsyncIterator[bytes]:
    """The bytes of a range."""
    loop = asyncio.get_running_loop()
    at, end = start, start + length
    this = object()
    _under_way.add(this)
    try:
        while at < end:
            size = min(LARGE_PIECE if len(_under_way) <= FEW else PIECE, end - at)
            try:
                if cached(descriptor, at, size):
                    piece = os.pread(descriptor, size, at)
                else:
                    reading = loop.run_in_executor(None, _from_disk, descriptor, size, at, end)
                    piece = await ended(reading)  # before the descriptor is closed
            except OSError as error:
                raise DamagedContentError from error
            if not piece:
                raise DamagedContentError
            yield piece
            at += len(piece)
    finally:
        _under_way.remove(this)


def _from_disk(descriptor: int, size: int, at: int, end: int) -> bytes:
    read_ahead(descriptor, at, end)
    return os.pread(descriptor, size, at)


def read_ahead(descriptor: int, at: int, end: int) -> None:
    """Have the disk read what comes next. Blocks."""
    fetch(descriptor, at, min(AHEAD, end - at))
