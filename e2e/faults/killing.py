"""Kills a registry again and again while clients push to it, and holds it to its promises."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence

from e2e.faults.process import Process
from e2e.faults.promises import require_sound, require_sweepable, require_whole
from e2e.faults.pusher import Pusher

LONGEST = 0.15
"""Seconds, at most, between a start and the next kill: a push takes about as long."""


async def require_outliving_kills(process: Process, pushers: Sequence[Pusher], more: Callable[[int], bool]) -> int:
    """Kill it for as long as `more` says yes to the number of kills so far; how many that were.

    Then whatever was acknowledged must be whole, what was not must be collectable, and its storage must verify.
    """
    process.start(impatient=True)
    for one in pushers:
        one.start()
    kills = 0
    while more(kills):
        await asyncio.sleep(random.uniform(0.0, LONGEST))  # noqa: S311 - the moment of the kill is what is tested
        process.kill()
        kills += 1
        process.start(impatient=True)
    for one in pushers:
        one.stop()
    assert sum(one.pushes for one in pushers) > kills / 4
    for one in pushers:
        require_whole(process.port, one.repository, one.memory)
        assert one.errors == []
    process.kill()
    await require_sound(process.data)
    await require_sweepable(process.data)
    return kills
