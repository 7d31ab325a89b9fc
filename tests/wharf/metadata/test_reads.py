"""Reads page in byte order."""

import sqlite3

import pytest

from wharf.metadata import reads, writes
from wharf.metadata.schema import migrate


@pytest.fixture
def connection():
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    yield connection
    connection.close()


def plan(connection, sql):
    arguments = ("x",) * sql.count("?")
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", arguments)]


@pytest.mark.parametrize(
    "name", ["_BY_TAG", "_BY_DIGEST", "_EXISTS", "_TAGS", "_REPOSITORIES", "_REFERRERS", "_BLOB", "_HELD"]
)
def test_no_question_looks_at_a_whole_table_or_sorts(connection, name):
    steps = plan(connection, getattr(reads, name))
    assert not [step for step in steps if "SCAN" in step and "USING" not in step]
    assert not [step for step in steps if "TEMP B-TREE" in step]


def test_manifests_that_wait_for_a_blob_are_found_by_its_digest(connection):
    assert plan(connection, reads._AWAITED)[0] == "SEARCH c USING INDEX manifest_child_of_digest (digest=?)"


def test_a_blob_is_backed_only_by_manifests_of_its_own_repository(connection, blob, manifest):
    for repository in ("team/app", "team/other"):
        writes.put_blob(connection, repository, blob(1), True, 5.0)
    writes.put_manifest(connection, manifest(1, (1,)), (), 6.0)
    assert reads.blob(connection, "team/app", blob(1).digest) == reads.HeldBlob(blob(1), 5.0, True)
    assert reads.blob(connection, "team/other", blob(1).digest) == reads.HeldBlob(blob(1), 5.0, False)


def test_annotations_come_back_in_their_order():
    annotations = (("z", "1"), ("a", 'quote " and ü'))
    assert reads.annotations_from(reads.annotations_to(annotations)) == annotations
    assert reads.annotations_from(reads.annotations_to(())) == ()
