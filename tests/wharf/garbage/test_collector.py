"""A collection removes what nothing names, and nothing else."""

import pytest

from wharf.blobs.interface import StoreUnavailableError
from wharf.garbage.collector import Terms
from wharf.garbage.exclusive import SweepRunningError, alone
from wharf.metadata.interface import IndexFullError
from wharf.metadata.settings import MARK
from wharf.metadata.sqlite_settings import SqliteSettings
from wharf.witness import IndexDoubtedError

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


async def test_of_what_a_doubtful_index_does_not_know_nothing_goes_until_it_is_trusted(registry, clock):
    await registry.collector.witness.look()
    await registry.push_blob(b"known, and of no use")
    await registry.upload(b"of the index that was lost")
    await registry.settings.put({MARK: ""})
    await registry.collector.collect(Terms(), dry_run=True)
    clock.now += 3 * DAY
    with pytest.raises(IndexDoubtedError) as raised:
        await registry.collector.collect(Terms())
    assert raised.value.blobs == 1
    past = await registry.collector.history.past()
    assert (past.error, past.doubted, past.last.blobs) == (str(raised.value), 1, 0)
    report = await registry.collector.collect(Terms(), dry_run=True)
    assert (report.doubted, report.blobs_deleted) == (1, 2)
    report = await registry.collector.collect(Terms(trust_index=True))
    assert (report.doubted, report.blobs_deleted) == (0, 2)
    assert (await registry.collector.history.past()).doubted == 0
    await registry.collector.collect(Terms())


async def test_an_index_that_knows_all_that_is_stored_is_as_good_as_the_right_one(registry, clock):
    await registry.collector.witness.look()
    await registry.push_blob(b"abandoned")
    await registry.settings.put({MARK: ""})
    await registry.collector.collect(Terms(), dry_run=True)
    clock.now += 3 * DAY
    assert (await registry.collector.collect(Terms())).blobs_deleted == 1


async def test_a_disk_without_room_for_a_note_keeps_no_registry_from_starting(registry, monkeypatch, caplog):
    async def full(*_):
        raise IndexFullError("the index has no room")

    with monkeypatch.context() as patch:
        patch.setattr(SqliteSettings, "put", full)
        assert await registry.collector.begin()
        with pytest.raises(IndexFullError):  # and nothing is swept by notes that are old
            await registry.collector.collect(Terms())
    assert "what the clocks show is not noted" in caplog.text
    assert await registry.collector.begin()


async def test_the_clock_is_looked_at_before_anything_can_come(registry):
    assert await registry.collector.begin()
    pushed = registry.clock.now
    registry.set_clock(pushed + 3650 * DAY)
    assert (await registry.collector.timekeeper.observe()).age(pushed) == 0
