"""A write happens whole or not at all."""

import sqlite3

import pytest

from wharf.metadata import reads, writes
from wharf.metadata.schema import migrate


@pytest.fixture
def connection():
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    connection.execute("PRAGMA foreign_keys = ON")
    yield connection
    connection.close()


def touched(connection):
    return connection.execute("SELECT touched FROM hold").fetchone()[0]


def test_a_manifest_whose_blobs_are_not_all_flushed_is_not_stored(connection, blob, manifest):
    writes.put_blob(connection, "team/app", blob(1), False, 1.0)
    assert not writes.put_manifest(connection, manifest(1, (1,)), (), 2.0)
    assert reads.manifest(connection, "team/app", manifest(1).digest) is None
    key = reads.held(connection, "team/app", [blob(1).digest])[blob(1).digest].id
    assert writes.put_manifest(connection, manifest(1, (1,)), (key,), 2.0)
    assert reads.held(connection, "team/app", [blob(1).digest])[blob(1).digest].durable


def test_the_grace_period_of_a_blob_begins_when_its_manifest_is_deleted(connection, blob, manifest):
    writes.put_blob(connection, "team/app", blob(1), True, 1.0)
    writes.put_manifest(connection, manifest(1, (1,)), (), 2.0)
    assert touched(connection) == 1.0
    writes.delete_manifest(connection, "team/app", manifest(1).digest, 50.0)
    assert touched(connection) == 50.0


def test_a_mount_begins_a_grace_period_of_its_own(connection, blob):
    writes.put_blob(connection, "source", blob(1), True, 1.0)
    writes.mount_blob(connection, "team/app", blob(1).digest, "source", 9.0)
    assert reads.blob(connection, "team/app", blob(1).digest).touched == 9.0
    assert reads.blob(connection, "source", blob(1).digest).touched == 1.0


def test_touching_what_is_not_held_says_so(connection, blob):
    assert not writes.touch_hold(connection, "team/app", blob(1).digest, 1.0)


def test_lost_content_that_a_manifest_names_is_to_be_pushed_and_flushed_again(connection, blob, manifest):
    writes.put_blob(connection, "team/app", blob(1), True, 1.0)
    writes.put_manifest(connection, manifest(1, (1,)), (), 2.0)
    writes.forget(connection, [blob(1).digest])
    assert reads.blob(connection, "team/app", blob(1).digest) is None
    assert reads.manifest(connection, "team/app", manifest(1).digest) is not None
    writes.put_blob(connection, "team/app", blob(1), False, 3.0)
    assert not reads.held(connection, "team/app", [blob(1).digest])[blob(1).digest].durable


def test_content_that_manifests_wait_for_is_theirs_once_it_is_durable(connection, blob, manifest):
    first, second = (manifest(number, optional=(blob(1).digest,)) for number in (1, 2))
    for one in (first, second):
        writes.put_manifest(connection, one, (), 1.0)
    writes.put_manifest(connection, manifest(3, optional=(blob(1).digest,), repository="other"), (), 1.0)
    assert not writes.put_blob(connection, "team/app", blob(1), False, 2.0)
    assert reads.blob(connection, "team/app", blob(1).digest) is None
    assert writes.put_blob(connection, "team/app", blob(1), True, 2.0)
    assert reads.blob(connection, "team/app", blob(1).digest).backed
    assert connection.execute("SELECT count(*) FROM manifest_blob").fetchone() == (2,)


def test_a_hold_is_given_to_what_is_stored_only(connection, blob):
    writes.put_blob(connection, "x", blob(1), True, 1.0)
    assert writes.hold(connection, "team/app", blob(1).digest, 5.0)
    assert not writes.hold(connection, "team/app", blob(3).digest, 5.0)
    assert reads.blob(connection, "team/app", blob(1).digest).touched == 5.0


def test_a_push_notes_that_its_repository_is_active_but_not_each_time(connection, blob):
    def active():
        return connection.execute("SELECT active FROM repository").fetchone()[0]

    for now, noted in ((100.0, 100.0), (120.0, 100.0), (131.0, 131.0)):
        writes.put_blob(connection, "team/app", blob(1), True, now)
        assert active() == noted
    assert writes.touch_hold(connection, "team/app", blob(1).digest, 500.0)
    assert active() == 500.0
