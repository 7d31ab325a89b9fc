"""Pulls are kept in sheaves, which hold what their pulls have in common once."""

import pytest

from wharf.metadata import sqlite_pull_log
from wharf.metadata.request_ids import Series
from wharf.metadata.sqlite_pull_log import SqlitePullLog, bound


def pulls(event, count):
    kind = event(0, action="pull", tag="v1")
    return [(kind, "r" * 32, "192.0.2.100", 1_800_000_000.0 + number) for number in range(count)]


def test_a_sheaf_of_like_pulls_takes_less_than_a_hundred_bytes_for_each(event):
    rows = bound(pulls(event, 1000), lambda _: ["hook"])
    assert [count for count, _, _ in rows[:-1]] == [sqlite_pull_log.SHEAF] * (len(rows) - 1)
    assert sum(count for count, _, _ in rows) == 1000
    assert sum(len(sheaf) for _, _, sheaf in rows) < 100_000


def test_pulls_whose_ids_are_in_a_row_take_no_more_than_one(event):
    ((kind, _, client, moment),) = pulls(event, 1)
    (one,) = bound([(kind, Series("f" * 28, 0, 1), client, moment)], lambda _: ["hook"])
    (many,) = bound([(kind, Series("f" * 28, 0, 9000), client, moment)], lambda _: ["hook"])
    assert many[:2] == (9000, '{"hook":9000}')
    assert len(many[2]) < len(one[2]) + 4


@pytest.mark.parametrize("told", [1, 64, 1000])
async def test_pulls_in_a_row_are_told_in_their_order_each_once(open_index, clock, event, outbox, monkeypatch, told):
    monkeypatch.setattr(sqlite_pull_log, "TOLD", told)
    index = open_index(route=lambda _: ["hook"])
    kind, other = event(0, action="pull", repository="team/app"), event(1, action="pull", repository="team/app")
    runs = [Series("a" * 28, 65_500, 36), "given-by-a-client", Series("b" * 28, 0, 100), Series("c" * 28, 7, 1)]
    await index.note_pulls([(kind if n % 2 else other, run, "192.0.2.1", float(n)) for n, run in enumerate(runs)])
    log, ids = SqlitePullLog(index, clock), [*runs[0].ids(), runs[1], *runs[2].ids(), *runs[3].ids()]
    while (waiting := (await log.waiting())[0]) and waiting == (await outbox.states())["hook"].pending - len(
        await outbox.pending("hook", "team/app", 999)
    ):
        assert await log.unfold(1) == min(told, waiting)
        assert await log.waiting() == await SqlitePullLog(index, clock).waiting()
    assert waiting == 0
    found = [each.event for each in await outbox.pending("hook", "team/app", 999)]
    assert [each.request_id for each in found] == ids
    assert len({each.id for each in found}) == len(ids)
    assert {each.timestamp for each in found if each.request_id.startswith("b")} == {"1970-01-01T00:00:02.000000Z"}


@pytest.mark.parametrize("ids", [["given-by-a-client", "x" * 64], ["0" * 32, "0" * 32], ["\u00e9" * 31 + "\u2028"]])
async def test_every_request_is_told_by_its_own_id(open_index, clock, event, outbox, ids):
    index = open_index(route=lambda _: ["hook"])
    kind = event(0, action="pull", repository="team/app")
    await index.note_pulls([(kind, each, "192.0.2.1", 0.0) for each in ids])
    assert await SqlitePullLog(index, clock).unfold(9) == len(ids)
    assert [each.event.request_id for each in await outbox.pending("hook", "team/app", 9)] == ids


async def test_what_of_a_row_went_before_it_was_counted_is_not_counted(open_index, clock, event):
    index = open_index(route=lambda _: ["hook"])
    ((kind, _, client, moment),) = pulls(event, 1)
    log = SqlitePullLog(index, clock)
    await index.note_pulls([(kind, Series("a" * 28, 0, 100), client, moment)])
    assert await log.unfold(1) == sqlite_pull_log.TOLD
    assert (await log.waiting())[0] == 100 - sqlite_pull_log.TOLD
    assert await log.unfold(99) == 100 - sqlite_pull_log.TOLD
    assert await log.waiting() == (0, 0)


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


async def test_many_become_events_at_a_time(open_index, clock, event, monkeypatch):
    monkeypatch.setattr(sqlite_pull_log, "TOLD", 2)
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
