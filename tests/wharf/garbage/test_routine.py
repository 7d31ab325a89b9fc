"""Collections come by the clock and end with the process."""

import asyncio
from contextlib import suppress

import pytest

from wharf.garbage.collector import Terms
from wharf.garbage.exclusive import alone
from wharf.garbage.routine import Routine
from wharf.metadata.settings import GARBAGE, MARK

DAY = 86400.0


@pytest.fixture
def routine(registry):
    return Routine(registry.collector, Terms())


async def test_garbage_goes_when_it_is_time(registry, clock, routine):
    await registry.push_blob(b"abandoned")
    await routine.once()
    clock.now += 2 * DAY
    report = await routine.once()
    assert (report.blobs_deleted, report.freed) == (1, 9)
    assert await routine.once() is None
    clock.now += 3601
    assert await routine.once() is not None


async def test_a_restart_does_not_put_the_next_sweep_off(registry, clock, routine):
    await routine.once()
    clock.now += 3601
    assert await Routine(registry.collector, Terms()).once() is not None


async def test_while_somebody_else_sweeps_there_is_nothing_to_do(routine, tmp_path):
    with alone(tmp_path / "sweep.lock"):
        assert await routine.once() is None
    assert await routine.once() is not None


async def test_a_round_that_fails_is_reported_and_the_next_one_comes(registry, caplog):
    routine = Routine(registry.collector, Terms(interval=0.01))
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


async def test_an_index_that_must_be_doubted_is_told_in_the_log(registry, routine, caplog):
    await routine.once()
    await registry.upload(b"of the index that was lost")
    await registry.settings.put({MARK: "", GARBAGE: ""})
    assert await routine.once() is None
    assert "run `wharf gc --trust-index`" in caplog.text
