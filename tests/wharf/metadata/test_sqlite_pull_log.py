"""Pulls are kept in sheaves, which hold what their pulls have in common once."""

import msgspec
import pytest

from wharf.metadata import sqlite_pull_log
from wharf.metadata.sqlite_pull_log import SqlitePullLog, bound


def pulls(event, count):
    kind = event(0, action="pull", tag="v1")
    return [(kind, ["r" * 32], "192.0.2.100", 1_800_000_000.0 + number) for number in range(count)]


def test_a_sheaf_of_like_pulls_takes_less_than_a_hundred_bytes_for_each(event):
    rows = bound(pulls(event, 1000), lambda _: ["hook"])
    assert [count for count, _, _ in rows[:-1]] == [sqlite_pull_log.SHEAF] * (len(rows) - 1)
    assert sum(count for count, _, _ in rows) == 1000
    assert sum(len(sheaf) for _, _, sheaf in rows) < 100_000


def test_pulls_of_one_moment_take_little_more_than_their_requests_ids(event):
    ((kind, _, client, moment),) = pulls(event, 1)
    rows = bound([(kind, [f"{number:032}" for number in range(1000)], client, moment)], lambda _: ["hook"])
    assert sum(count for count, _, _ in rows) == 1000
    assert sum(len(sheaf) for _, _, sheaf in rows) < 50_000


def test_ids_that_begin_alike_take_little(event):
    ((kind, _, client, moment),) = pulls(event, 1)
    ids = ["f" * 30 + f"{number:02x}" for number in range(256)]
    rows = bound([(kind, list(ids), client, moment)], lambda _: ["hook"])
    assert sum(len(sheaf) for _, _, sheaf in rows) < 256 * 10


@pytest.mark.parametrize(
    "ids",
    [
        ["f" * 30 + f"{number:02x}" for number in (255, 0, 17, 17, 16)],
        ["f" * 30 + "00", "e" * 30 + "01"],
        ["f" * 30 + "00", "f" * 30 + "0", "f" * 30 + "001"],
        ["0" * 32, "0" * 32],
        ["given-by-a-client", "x" * 64],
        ["\u00e9" * 32, "\u00e9" * 31 + "\u2028"],
    ],
    ids=["alike", "of two beginnings", "of three lengths", "the same", "others'", "not ASCII"],
)
async def test_every_request_is_told_by_its_own_id(open_index, clock, event, outbox, ids):
    index = open_index(route=lambda _: ["hook"])
    kind = event(0, action="pull", repository="team/app")
    await index.note_pulls([(kind, list(ids), "192.0.2.1", 0.0)])
    assert await SqlitePullLog(index, clock).unfold(9) == len(ids)
    assert [each.event.request_id for each in await outbox.pending("hook", "team/app", 9)] == ids


async def test_what_an_earlier_process_left_is_counted_whole(open_index, clock, event, monkeypatch):
    monkeypatch.setattr(sqlite_pull_log, "SHEAF", 1)
    monkeypatch.setattr(sqlite_pull_log, "COUNTED", 3)
    index = open_index(route=lambda _: ["hook"])
    log = SqlitePullLog(index, clock)
    for number in (2, 3, 4, 11):
        await index.note_pulls(pulls(event, number))
        assert await log.waiting() == await SqlitePullLog(index, clock).waiting()
    assert (await log.waiting())[0] == 20


async def test_a_flood_is_counted_once_and_what_goes_is_taken_off(open_index, clock, event, monkeypatch):
    monkeypatch.setattr(sqlite_pull_log, "SHEAF", 2)
    index = open_index(route=lambda _: ["hook"])
    log, fresh = SqlitePullLog(index, clock), SqlitePullLog(index, clock)
    await index.note_pulls(pulls(event, 5))
    assert await log.waiting() == await SqlitePullLog(index, clock).waiting()
    await index.note_pulls(pulls(event, 4))
    assert await log.unfold(6) == 7  # of which the last were not counted when they went
    assert await log.waiting() == await SqlitePullLog(index, clock).waiting()
    await index.note_pulls(pulls(event, 3))
    assert await log.trim(0) == 5
    assert await log.waiting() == (0, 0)
    await index.note_pulls(pulls(event, 1))
    assert (await log.waiting())[0] == (await fresh.waiting())[0] == 1


async def test_a_row_from_before_ids_stood_together_becomes_events_too(open_index, clock, event, outbox):
    index = open_index(route=lambda _: ["hook"])
    kind = event(0, action="pull", repository="team/app")
    sheaf = msgspec.json.encode([[[kind, ["hook"]]], [[0, "r1", "192.0.2.1", 0.0], [0, "r2", "192.0.2.1", 0.0]]])
    await index.note(lambda connection: sqlite_pull_log.note(connection, [(2, '{"hook":2}', sheaf)]))
    assert await SqlitePullLog(index, clock).unfold(9) == 2
    assert [each.event.request_id for each in await outbox.pending("hook", "team/app", 9)] == ["r1", "r2"]


async def test_sheaves_become_events_whole(open_index, clock, event, monkeypatch):
    monkeypatch.setattr(sqlite_pull_log, "SHEAF", 2)
    index = open_index(route=lambda _: ["hook"])
    log = SqlitePullLog(index, clock)
    await index.note_pulls(pulls(event, 5))
    assert await log.unfold(1) == 2
    assert await log.unfold(3) == 3


async def test_a_failure_in_the_middle_leaves_the_pulls_where_they_were(open_index, clock, event, outbox, monkeypatch):
    index = open_index(route=lambda _: ["hook"])
    log = SqlitePullLog(index, clock)
    await index.note_pulls(pulls(event, 3))
    with monkeypatch.context() as patched:
        patched.setattr(sqlite_pull_log, "_OLDEST", "SELECT id, pulls, x'5b' FROM pull ORDER BY id LIMIT 1")
        try:
            await log.unfold(9)
        except ValueError:
            assert (await log.waiting())[0] == 3
    assert await log.unfold(9) == 3
