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
    "name", ["_BY_TAG", "_BY_DIGEST", "_EXISTS", "_TAGS", "_REPOSITORIES", "_REFERRERS", "_BLOB", "_HELD", "_LOOSE"]
)
def test_no_question_looks_at_a_whole_table_or_sorts(connection, name):
    steps = plan(connection, getattr(reads, name))
    assert not [step for step in steps if "SCAN" in step and "USING" not in step]
    assert not [step for step in steps if "TEMP B-TREE" in step]


def test_manifests_that_wait_for_a_blob_are_found_by_its_digest(connection):
    assert "INDEX manifest_child_of_digest (digest=?)" in plan(connection, reads._AWAITED)[0]


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


def test_what_a_tag_keeps_is_not_loose_nor_what_belongs_to_it(connection, manifest):
    digests = [manifest(number).digest for number in range(5)]
    writes.put_manifest(connection, manifest(1), (), 1.0)
    writes.put_manifest(connection, manifest(2, subject=digests[3]), (), 2.0)
    assert [reads.loose(connection, "team/app", digest) for digest in digests] == [None, 1.0, 2.0, None, None]
    writes.put_manifest(connection, manifest(3, manifests=(digests[1],)), (), 3.0)
    assert [reads.loose(connection, "team/app", digest) for digest in digests] == [None, 3.0, 3.0, 3.0, None]
    writes.put_manifest(connection, manifest(3, manifests=(digests[1],), tags=("v1",)), (), 4.0)
    assert [reads.loose(connection, "team/app", digest) for digest in digests] == [None] * 5
