"""Waiting for work in a thread that uses what belongs to whoever waits: descriptors, buffers, locks.

Rule: who waits stays until the work has ended, however often it is cancelled meanwhile. Only then may what the work
uses be closed or used again: the number of a closed descriptor is soon another file's.
"""

from __future__ import annotations

import asyncio
from typing import TypeVar

T = TypeVar("T")


async def ended(work: asyncio.Future[T]) -> T:
    """The result of work that has ended. Raises what it raised, else CancelledError where the caller was cancelled.

    Give it a future of run_in_executor(): asyncio.to_thread() is a task of its own once it is waited for, which whoever
    ends all tasks cancels too, while its thread goes on.
    """
    cancelled: asyncio.CancelledError | None = None
    while not work.done():
        try:
            await asyncio.wait({work})
        except asyncio.CancelledError as error:
            cancelled = error
    result = work.result()
    if cancelled is not None:
        raise cancelled
    return result
