"""The inventory tells of all content, and who holds it."""

import pytest

from wharf.metadata import sqlite_inventory


@pytest.mark.parametrize("name", ["_RELEASE", "_REMOVE", "_HOLDERS"])
def test_no_change_of_one_blob_looks_at_a_whole_table(index, name):
    sql = getattr(sqlite_inventory, name)
    steps = index.read(
        lambda connection: [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", ("x",) * sql.count("?"))]
    )
    assert not [step for step in steps if "SCAN" in step]


def test_a_page_of_content_looks_up_only_what_is_in_it(index):
    steps = index.read(
        lambda connection: [
            row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sqlite_inventory._CONTENTS}", ("x", 5))
        ]
    )
    assert not [step for step in steps if step.startswith(("SCAN h", "SCAN hold", "SCAN blob"))], steps
