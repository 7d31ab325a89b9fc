"""How far a long command has come, on standard error.

Rule: on a terminal one line that changes; elsewhere, where it is kept, a line now and then.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

INTERVAL = 1.0
"""Seconds between two lines of progress on a terminal."""

INTERVAL_IN_LOG = 30.0
"""Seconds between two lines of progress elsewhere."""


@asynccontextmanager
async def told(line: Callable[[], str]) -> AsyncIterator[None]:
    """Say from time to time how far what goes on here has come."""
    watching = asyncio.create_task(_watch(line))
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.wait([watching])


async def _watch(line: Callable[[], str]) -> None:
    terminal = sys.stderr.isatty()
    while True:
        await asyncio.sleep(INTERVAL if terminal else INTERVAL_IN_LOG)
        sys.stderr.write(line() + ("\r" if terminal else "\n"))
        sys.stderr.flush()
