"""An event waits in the outbox until it is delivered or given up."""

import pytest

from wharf.metadata import sqlite_outbox


async def test_an_event_keeps_all_its_fields(index, outbox, event, manifest):
    sent = event(1, digest="sha256:1", size=7, tag="ü", user_agent='"', from_repository="x", actor="ci")
    await index.put_manifest(manifest(1), [sent])
    assert [each.event for each in await outbox.pending("hook", "team/app", 9)] == [sent]


QUERIES = ["_WAITING", "_LANES", "_PENDING", "_DEAD", "_ONE", "_OLD", "_OVER", "_TRIM"]


@pytest.mark.parametrize("name", QUERIES)
def test_the_queue_is_read_by_its_indexes(index, name):
    sql = getattr(sqlite_outbox, name)
    named = {"webhook": "x", "after": "", "limit": 1, "error": "", "id": 1, "before": 1.0, "chunk": 1, "last": 1}
    values = ("x",) * sql.count("?") if "?" in sql else named
    steps = index.read(lambda connection: [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)])
    scans = [
        step
        for step in steps
        if "SCAN" in step and "CONSTANT" not in step and "found" not in step and "lane" not in step
    ]
    assert not [step for step in steps if "TEMP B-TREE" in step]
    assert not scans
