"""The inventory asks for what it needs by an index: a sweep of a large registry is many small questions."""

import json

import pytest

from wharf.metadata import sqlite_inventory


def plan(index, sql, values):
    def explain(connection):
        return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]

    return index.read(explain)


@pytest.mark.parametrize("name", ["_RELEASE", "_REMOVE_BLOB", "_REMOVABLE", "_UNBACKED", "_MANIFESTS", "_TAGS"])
def test_no_question_about_one_thing_looks_at_a_whole_table(index, name):
    sql = getattr(sqlite_inventory, name)
    assert not [step for step in plan(index, sql, ("x",) * sql.count("?")) if "SCAN" in step]


def test_a_page_of_content_looks_up_only_what_is_in_it(index):
    values = {"after": "x", "limit": 5, "leaving": json.dumps([1])}
    steps = plan(index, sqlite_inventory._BLOBS, values)
    assert not [step for step in steps if step.startswith(("SCAN x", "SCAN b"))], steps
