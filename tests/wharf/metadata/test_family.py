"""Manifests that hang together are touched together."""

import sqlite3

import pytest

from wharf.metadata import family, writes
from wharf.metadata.schema import migrate


@pytest.fixture
def connection():
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    connection.execute("PRAGMA foreign_keys = ON")
    yield connection
    connection.close()


@pytest.fixture
def put(connection, manifest):
    """Stores a manifest by number, with the numbers of its children and its subject; its digest."""

    def put_it(number, now, children=(), subject=None, tags=()):
        made = manifest(
            number,
            manifests=tuple(manifest(child).digest for child in children),
            subject=manifest(subject).digest if subject else "",
            tags=tags,
        )
        writes.put_manifest(connection, made, (), now)
        return made.digest

    return put_it


def state(connection, digest):
    return connection.execute("SELECT touched, orphaned FROM manifest WHERE digest = ?", (digest,)).fetchone()


def test_below_a_manifest_are_its_children_its_referrers_and_theirs(connection, put, manifest):
    put(1, 1.0)
    put(2, 1.0, subject=1)
    put(3, 1.0, children=(1, 9))
    index = put(4, 1.0, children=(3,))
    put(5, 1.0)
    put(6, 1.0, subject=9)  # and 9 is not there
    digests = {manifest(number).digest for number in (4, 3, 1, 2, 6)}
    assert family.below(connection, 1, index) == digests


def test_what_is_named_and_not_there_costs_nothing_but_its_note(connection, put, manifest):
    inner = [put(number, 1.0, children=range(100 * number, 100 * number + 100)) for number in (1, 2, 3)]
    told = []
    connection.set_trace_callback(told.append)
    index = put(9, 2.0, children=(1, 2, 3))
    connection.set_trace_callback(None)
    assert family.below(connection, 1, index) == {*inner, index}
    assert len(told) < 40


def test_who_is_needed_again_is_touched_with_all_below(connection, put):
    child = put(1, 1.0)
    signature = put(2, 1.0, subject=1)
    other = put(3, 1.0)
    put(4, 5.0, children=(1,))
    assert state(connection, child) == state(connection, signature) == (5.0, 0)
    assert state(connection, other) == (1.0, 0)


def test_a_deletion_makes_orphans_of_what_has_no_tag(connection, put):
    child, tagged = put(1, 1.0), put(2, 1.0, tags=("mine",))
    index = put(3, 2.0, children=(1, 2))
    writes.delete_manifest(connection, "team/app", index, 9.0)
    assert state(connection, child) == (9.0, 1)
    assert state(connection, tagged) == (2.0, 0)
    put(3, 10.0, children=(1,))
    assert state(connection, child) == (10.0, 0)


def test_a_manifest_that_loses_a_tag_is_touched(connection, put):
    one = put(1, 1.0, tags=("v1", "v2"))
    two = put(2, 5.0, tags=("v1",))
    assert state(connection, one) == (5.0, 0)
    writes.delete_tag(connection, "team/app", "v1", 7.0)
    assert state(connection, two) == (7.0, 0)
    assert not writes.delete_tag(connection, "team/app", "v1", 8.0)
    assert not writes.delete_tag(connection, "team/none", "v1", 8.0)
    assert state(connection, one) == (5.0, 0)
