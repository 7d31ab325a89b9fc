"""How a process leaves for which another stands by.

Rule: for a while it goes on as if nothing had happened, for clients learn late where to go instead; each answer is the
last of its connection. It does not leave in the middle of an upload, within limits. Then the index is closed as soon as
no request needs it: the other has to wait for that, and clients wait for the other. Answers that only send content go
on.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LINGER = 5.0
"""Seconds: endpoints are told of first, then every node's rules change."""

LONGEST = 30.0
"""Seconds, where uploads go on."""

SHORTEST = 0.3
"""Seconds between the last connection that is accepted and the end of the index: its handshake, and its request."""

LAST = 5.0
"""Seconds for requests that need the index, after which they are refused and can be tried again."""

WHOLE = 50.0
"""Seconds for all of it, answers that only send content too: the operator has the kubelet kill after 60."""

_LOOK = 0.05


def lingers(elapsed: float, receiving: bool) -> bool:
    """Whether to go on as before, so many seconds after it was said to end."""
    return elapsed < LINGER or (receiving and elapsed < LONGEST)


def closes(elapsed: float, busy: bool) -> bool:
    """Whether to close the index, so many seconds after the last connection was accepted."""
    return elapsed >= LAST or (not busy and elapsed >= SHORTEST)


async def linger(receiving: Callable[[], bool]) -> float:
    """Wait while lingers(); the seconds that are left."""
    return WHOLE - await _while(lambda elapsed: lingers(elapsed, receiving()))


async def finish(busy: Callable[[], bool]) -> None:
    """Wait until closes()."""
    await _while(lambda elapsed: not closes(elapsed, busy()))


async def _while(condition: Callable[[float], bool]) -> float:
    """Wait; the seconds that it took."""
    clock = asyncio.get_running_loop().time
    begun = clock()
    while condition(clock() - begun):  # noqa: ASYNC110 - it is of time, and of what connections do
        await asyncio.sleep(_LOOK)
    return clock() - begun
