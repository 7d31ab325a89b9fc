import asyncio
from contextlib import suppress

from wharf.garbage.routine import Routine, Terms


async def test_garbage_goes(registry, clock):
    await registry.push_blob(b"abandoned")
    clock.now += 1e9
    report = await Routine(registry.inventory, registry.store, Terms(), clock).once()
    assert (report.deleted, report.freed) == (1, 9)


async def test_a_round_that_fails_is_reported_and_the_next_one_comes(registry, clock, caplog):
    await registry.push_blob(b"abandoned")
    clock.now += 1e9
    routine = Routine(registry.inventory, registry.store, Terms(interval=0.01), clock)
    registry.index.close()
    task = asyncio.create_task(routine.run())
    for _ in range(1000):
        if len(caplog.records) >= 2:
            break
        await asyncio.sleep(0.01)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert caplog.text.count("tried again") >= 2
