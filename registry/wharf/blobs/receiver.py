"""Getting a body from the event loop into a session: one buffer fills while a thread hashes and writes the other.

Rule: whatever arrived is in the session when receive() ends, however it ends; at most two buffers are in memory.
A body that knows a shorter way into the session (`Feeding`) takes it, and keeps the same rule.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from wharf.blobs.direct import SMALL
from wharf.threads import ended

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from concurrent.futures import Executor

    from wharf.blobs.session import Session

BUFFER = 1 << 20
"""Bytes that are handed to a thread at a time."""


@runtime_checkable
class Feeding(Protocol):
    """A body that brings itself."""

    def ready(self) -> bool:
        """Whether it can now; otherwise it is iterated over as any other."""

    def size(self) -> int:
        """Bytes of one that is ready; 0 where nobody has said."""

    async def feed(
        self, write: Callable[[Sequence[bytes | memoryview]], None], pool: Executor, before: Sequence[bytes]
    ) -> None:
        """Call `write` in `pool`, once at a time, for what came before, and for all or a part of what is to come."""


async def receive(session: Session, chunks: AsyncIterator[bytes], pool: Executor) -> None:
    """Add all chunks to the session. Raises NoSpaceError, and whatever the iterator raises."""
    loop = asyncio.get_running_loop()
    feeding = chunks if isinstance(chunks, Feeding) else None
    pieces: list[bytes] = []
    size = 0
    writing: asyncio.Future[None] | None = None
    try:
        while True:
            if size >= BUFFER or (feeding is not None and feeding.ready()):
                if writing is not None:
                    await ended(writing)
                full, pieces, size = pieces, [], 0
                if feeding is not None and feeding.ready():  # still
                    session.expect(feeding.size())
                    await feeding.feed(session.write, pool, full)
                else:
                    writing = loop.run_in_executor(pool, session.write, full)
            chunk = await anext(chunks, None)
            if chunk is None:
                break
            pieces.append(chunk)
            size += len(chunk)
    finally:
        try:
            if writing is not None:
                await ended(writing)  # before the session closes
        except asyncio.CancelledError:
            await _write_last(session, pieces, size, pool)
            raise
        await _write_last(session, pieces, size, pool)


async def _write_last(session: Session, pieces: list[bytes], size: int, pool: Executor) -> None:
    if size > SMALL:
        await ended(asyncio.get_running_loop().run_in_executor(pool, session.write, pieces))
    elif pieces:
        session.write(pieces)
