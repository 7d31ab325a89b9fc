"""Memory for bodies that have to be held whole, shared by all requests of a process.

Rule: what is small is always taken; a large body waits for its share, unread, and is refused when none comes free in
time. So many clients that begin a large body and go no further cost no more than the share of all.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from wharf.protocol.errors import Problem, RegistryError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SMALL = 64 << 10
"""Bytes of a body that needs no share: a connection has buffers of that size in any case."""

SHARED = 64 << 20
"""Bytes of all large bodies together."""

PATIENCE = 10.0
"""Seconds that a body waits for its share."""


class Allowance:
    """The bytes that are left to large bodies."""

    def __init__(self, size: int = SHARED) -> None:
        self._left = size
        self._freed = asyncio.Event()

    @asynccontextmanager
    async def of(self, size: int) -> AsyncIterator[None]:
        """Have a share of so many bytes. Raises TOO_MANY_REQUESTS when none comes free in time."""
        if size <= SMALL:
            yield
            return
        await self._take(size)
        try:
            yield
        finally:
            self._left += size
            self._freed.set()

    async def _take(self, size: int) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                while self._left < size:
                    self._freed.clear()
                    await self._freed.wait()
        except TimeoutError as error:
            raise RegistryError(Problem.TOO_MANY_REQUESTS, headers=[("Retry-After", "5")]) from error
        self._left -= size
