"""kill -9 at random moments of pushes, deletions and sweeps: what was acknowledged is whole, the rest can be swept."""

import asyncio
import os
import random
import time

from e2e.faults.promises import require_sound, require_sweepable, require_whole

SECONDS = float(os.environ.get("WHARF_FAULT_SECONDS", "12"))
"""How long it goes on; a night of it is worth more."""


async def test_what_was_acknowledged_outlives_every_kill(process, pushers):
    process.start(impatient=True)
    for one in pushers:
        one.start()
    kills, end = 0, time.monotonic() + SECONDS
    while time.monotonic() < end:
        await asyncio.sleep(random.uniform(0.0, 0.2))  # noqa: S311 - the moment of the kill is what is tested
        process.kill()
        kills += 1
        process.start(impatient=True)
    for one in pushers:
        one.stop()
    assert kills > 5
    assert sum(one.pushes for one in pushers) > kills / 4
    for one in pushers:
        require_whole(process.port, one.repository, one.memory)
        assert one.errors == []
    process.kill()
    await require_sound(process.data)
    await require_sweepable(process.data)
