"""Collections come by the clock and end with the process."""

import asyncio
from contextlib import suppress

import pytest

from wharf.cron import parse
from wharf.garbage.collector import Terms
from wharf.garbage.exclusive import SweepRunningError, alone
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


NOON = 1_800_014_400.0  # 2027-01-15T12:00:00Z


@pytest.fixture
def nightly(registry, clock):
    clock.now = NOON
    return Routine(registry.collector, Terms(schedule=parse("0 3 * * *")))


async def test_a_schedule_is_kept_from_the_first_sweep_on(nightly, clock):
    assert await nightly.once() is None
    assert await nightly.next_run() == NOON + 15 * 3600
    clock.now += 15 * 3600 - 1
    assert await nightly.once() is None
    clock.now += 1
    assert await nightly.once() is not None
    assert await nightly.once() is None
    assert await nightly.next_run() == NOON + 39 * 3600


async def test_sweeps_that_were_missed_are_made_up_for_once(nightly, clock):
    await nightly.once()
    clock.now += 5 * DAY
    assert await nightly.next_run() == NOON + 15 * 3600  # overdue
    assert await nightly.once() is not None
    assert await nightly.once() is None
    assert await nightly.next_run() == NOON + 5 * DAY + 15 * 3600


@pytest.mark.parametrize("terms", [Terms(), Terms(schedule=parse("0 3 * * *"))])
async def test_a_clock_that_was_years_ahead_does_not_put_the_next_sweep_off(registry, clock, terms):
    routine = Routine(registry.collector, terms)
    clock.now = NOON
    await routine.once()
    registry.set_clock(NOON + 5000 * DAY)
    await routine.once()
    clock.now += DAY
    assert await routine.once() is not None
    registry.set_clock(NOON + 60)
    await routine.once()
    clock.now += DAY
    assert await routine.once() is not None


async def test_the_next_sweep_by_interval_is_told(registry, clock, routine):
    assert await routine.next_run() is None
    await routine.once()
    assert await routine.next_run() == clock.now + 3600


async def test_a_sweep_that_is_asked_for_comes_at_once_by_the_same_terms(registry, clock, routine):
    await routine.once()
    await registry.push_blob(b"abandoned")
    clock.now += 2 * DAY
    routine.terms = Terms(grace=3 * DAY)
    assert routine.begin() == clock.now
    with pytest.raises(SweepRunningError):
        routine.begin()
    assert (await routine._asked).blobs_deleted == 0
    clock.now += 2 * DAY
    begun = routine.begin()
    assert (await routine._asked).blobs_deleted == 1
    past = await registry.collector.history.past()
    assert (past.last_run, past.last.blobs) == (begun, 1)


async def test_none_is_begun_beside_another_processs(routine, tmp_path):
    with alone(tmp_path / "sweep.lock"), pytest.raises(SweepRunningError):
        routine.begin()
    routine.begin()
    await routine._asked


async def test_one_that_fails_leaves_why_and_the_lock(registry, routine, monkeypatch):
    async def refuse(before):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(registry.store, "expire_uploads", refuse)
    routine.begin()
    assert await routine._asked is None
    assert "Input/output error" in (await registry.collector.history.past()).error
    monkeypatch.undo()
    routine.begin()
    assert await routine._asked is not None


async def test_a_stop_breaks_it_off(routine, tmp_path):
    await routine.stop()
    routine.begin()
    await routine.stop()
    with alone(tmp_path / "sweep.lock"):
        assert routine._asked.cancelled()
