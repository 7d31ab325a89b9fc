"""What is particular to SQLite: groups of commits, several processes, a full disk."""

import asyncio

import pytest

from wharf.metadata.interface import IndexFullError, IndexUnavailableError
from wharf.metadata.sqlite import TOUCH_INTERVAL
from wharf.metadata.sqlite_outbox import SqliteOutbox


async def test_the_version_changes_with_a_commit_of_this_or_of_another_process(open_index, manifest):
    here, there = open_index(), open_index()
    first = here.version()
    assert here.version() == first
    await here.put_manifest(manifest(1), [])
    second = here.version()
    assert second != first
    await there.put_manifest(manifest(2), [])
    assert here.version() != second


async def test_what_no_answer_depends_on_leaves_the_version_as_it_is(open_index, event, manifest):
    here, there = open_index(route=lambda _: ["hook"]), open_index(route=lambda _: ["hook"])
    await here.put_manifest(manifest(1), [])
    before = here.version()
    await there.note_pulls([(event(action="pull"), "r1", "::1", 0.0)])
    await SqliteOutbox(there, lambda: 0.0).attend("hook", suspended=False, replay="")
    assert here.version() == before


async def test_two_processes_push_at_the_same_time(open_index, manifest):
    indexes = [open_index(), open_index()]
    puts = [manifest(number, tags=(f"v{number:03}",)) for number in range(60)]
    await asyncio.gather(*(indexes[number % 2].put_manifest(put, []) for number, put in enumerate(puts)))
    assert await indexes[0].tags("team/app", "", 100) == [f"v{number:03}" for number in range(60)]


async def test_looking_at_a_blob_that_garbage_collection_might_take_touches_it(open_index, blob, clock):
    index = open_index()
    await index.put_blob("team/app", blob(1))
    clock.now += TOUCH_INTERVAL / 2
    before = index.version()
    await index.get_blob("team/app", blob(1).digest)
    assert index.version() == before
    clock.now += TOUCH_INTERVAL
    await index.get_blob("team/app", blob(1).digest)
    assert index.version() != before


async def test_what_cannot_be_touched_can_be_had_all_the_same(open_index, blob, manifest, clock, monkeypatch):
    index = open_index()
    await index.put_blob("team/app", blob(1))
    await index.put_manifest(manifest(2), [])
    clock.now += 2 * TOUCH_INTERVAL

    async def refuse(change):
        raise IndexFullError("the index has no room")

    monkeypatch.setattr(index._writer, "run", refuse)
    assert await index.get_blob("team/app", blob(1).digest) == blob(1)
    assert (await index.get_manifest("team/app", manifest(2).digest)).digest == manifest(2).digest


async def test_looking_at_a_blob_of_a_manifest_writes_nothing(open_index, blob, manifest, clock):
    index = open_index()
    await index.put_blob("team/app", blob(1))
    await index.put_manifest(manifest(1, (1,)), [])
    clock.now += 10 * TOUCH_INTERVAL
    before = index.version()
    await index.get_blob("team/app", blob(1).digest)
    assert index.version() == before


async def test_listeners_hear_of_commits_that_posted_events(open_index, manifest, event):
    index = open_index(route=lambda event: ["hook"] if event.action == "push" else [])
    heard = []
    index.on_events(heard.append)
    await index.put_manifest(manifest(1), [event(action="pull")])
    assert heard == []
    await index.put_manifest(manifest(1), [event(action="push")])
    assert heard == [{"hook"}]


async def test_a_volume_with_little_left_takes_no_pushes_but_deletions(open_index, blob, manifest):
    index = open_index()
    await index.put_blob("team/app", blob(1))
    await index.put_manifest(manifest(1, (1,), tags=("v1",)), [])
    full = open_index(reserve=1 << 60)
    for refused in (
        full.put_blob("team/app", blob(2)),
        full.put_manifest(manifest(2), []),
        full.mount_blob("team/other", blob(1).digest, "team/app", []),
    ):
        with pytest.raises(IndexFullError, match="free space"):
            await refused
    assert await full.get_manifest("team/app", "v1") is not None
    assert await full.delete_tag("team/app", "v1", [])
    assert await full.delete_manifest("team/app", manifest(1).digest, [])
    assert await full.delete_blob("team/app", blob(1).digest, [])


@pytest.mark.parametrize("how", ["replaced", "removed"])
async def test_an_index_that_was_taken_away_takes_no_more_pushes(open_index, manifest, tmp_path, how):
    """What goes into a file that no path leads to is lost at the next start."""
    index = open_index()
    await index.put_manifest(manifest(1, tags=("v1",)), [])
    path = tmp_path / "index.db"
    older = path.read_bytes()
    path.rename(tmp_path / "away")
    if how == "replaced":
        path.write_bytes(older)
    for _ in range(2):
        with pytest.raises(IndexUnavailableError, match=r"start wharf again|No such file"):
            await index.put_manifest(manifest(2), [])
    (tmp_path / "away").rename(path)
    await index.put_manifest(manifest(2), [])
