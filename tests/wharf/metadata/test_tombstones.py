"""A deletion is remembered whole, or not at all."""

import sqlite3

import pytest

from wharf.metadata import tombstones, writes
from wharf.metadata.deletions import MANIFEST, Deletion
from wharf.metadata.schema import migrate


@pytest.fixture
def connection():
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    connection.execute("PRAGMA foreign_keys = ON")
    yield connection
    connection.close()


def test_a_tombstone_is_all_that_the_manifest_was(connection, blob, manifest):
    writes.put_blob(connection, "team/app", blob(1), True, 1.0)
    put = manifest(1, (1,), subject="sha256:1", annotations=(("a", "b"),), artifact_type="x/y", tags=("v1",))
    writes.put_manifest(connection, put, (), 1.0)
    writes.delete_manifest(connection, "team/app", put.digest, 5.0)
    (deletion,) = tombstones.find(connection, "", 9)
    assert deletion.deleted == 5.0
    assert tombstones.exhume(connection, deletion) == put


def test_what_is_forgotten_is_not_found(connection, manifest):
    writes.put_manifest(connection, manifest(1), (), 1.0)
    writes.delete_manifest(connection, "team/app", manifest(1).digest, 5.0)
    (deletion,) = tombstones.find(connection, "", 9)
    assert tombstones.forget(connection, deletion)
    assert not tombstones.forget(connection, deletion)
    assert tombstones.exhume(connection, deletion) is None
    assert tombstones.exhume(connection, Deletion("x", "y", MANIFEST, 0.0, 0)) is None


def test_a_deletion_that_did_not_happen_leaves_no_tombstone(connection, blob):
    assert not writes.delete_hold(connection, "team/app", blob(1).digest, 5.0)
    assert not writes.delete_manifest(connection, "team/app", blob(1).digest, 5.0)
    assert tombstones.find(connection, "", 9) == []
