"""An event waits in the outbox until it is delivered or given up."""

import pytest

from wharf.metadata import sqlite_outbox


async def test_only_so_many_dead_letters_are_kept_and_the_newest(index, outbox, event, monkeypatch):
    monkeypatch.setattr(sqlite_outbox, "DEAD_LETTERS_KEPT", 2)
    await index.record([event(number) for number in range(5)])
    (delivery, *_) = await outbox.pending("hook", 9)
    await outbox.give_up("hook", delivery.id, "refused", float("inf"))
    assert [each.event.id for each in await outbox.dead_letters("hook", 9)] == ["event-3", "event-4"]


async def test_an_event_keeps_all_its_fields(index, outbox, event):
    sent = event(1, digest="sha256:1", size=7, tag="ü", user_agent='"', from_repository="x", actor="ci")
    await index.record([sent])
    assert [each.event for each in await outbox.pending("hook", 9)] == [sent]


@pytest.mark.parametrize("name", ["_QUEUE", "_BURY", "_TRIM"])
def test_the_queue_is_read_by_its_index(index, name):
    sql = getattr(sqlite_outbox, name)
    steps = index.read(
        lambda connection: [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", ("x",) * sql.count("?"))]
    )
    assert not [step for step in steps if "SCAN" in step or "TEMP B-TREE" in step]
