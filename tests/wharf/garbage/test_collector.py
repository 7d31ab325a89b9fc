"""A collection removes what nothing names, and nothing else."""

import pytest

from wharf.blobs.interface import StoreUnavailableError
from wharf.garbage.collector import Terms
from wharf.garbage.exclusive import SweepRunningError, alone

DAY = 86400.0


async def test_a_sweep_is_noted(registry, clock):
    await registry.push_blob(b"abandoned")
    clock.now += 2 * DAY
    await registry.collector.collect(Terms(), dry_run=True)
    assert (await registry.collector.history.past()).last_run is None
    await registry.collector.collect(Terms())
    past = await registry.collector.history.past()
    assert (past.last_run, past.last.blobs, past.last.freed) == (clock.now, 1, 9)


async def test_two_do_not_sweep_at_once_but_anybody_may_look(registry, tmp_path):
    with alone(tmp_path / "sweep.lock"):
        with pytest.raises(SweepRunningError):
            await registry.collector.collect(Terms())
        await registry.collector.collect(Terms(), dry_run=True)
    await registry.collector.collect(Terms())


async def test_a_sweep_that_failed_is_noted_and_raised(registry, monkeypatch):
    async def refuse(before):
        raise StoreUnavailableError("the volume refuses")

    monkeypatch.setattr(registry.store, "expire_uploads", refuse)
    with pytest.raises(StoreUnavailableError):
        await registry.collector.collect(Terms())
    assert (await registry.collector.history.past()).error == "the volume refuses"


async def test_uploads_end_by_their_own_terms(registry, clock):
    await registry.store.start_upload("app")
    clock.now += 1000 * DAY
    assert (await registry.collector.collect(Terms(upload_expiry=1e9))).uploads == 0
    assert (await registry.collector.collect(Terms(upload_expiry=DAY))).uploads == 1
