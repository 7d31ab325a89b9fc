"""A copy of the index is of one moment, whoever writes meanwhile."""

import sqlite3
from contextlib import closing

import pytest

from wharf.metadata import snapshot
from wharf.metadata.connections import Connections
from wharf.metadata.interface import IndexUnavailableError


@pytest.fixture
def index(tmp_path):
    Connections(tmp_path / "index.db").prepare()
    with closing(sqlite3.connect(tmp_path / "index.db", isolation_level=None)) as connection:
        connection.execute("INSERT INTO blob (digest, size, durable, touched) VALUES ('sha256:a', 7, 1, 0)")
        connection.execute("INSERT INTO setting VALUES ('mark', 'm')")
        yield connection


def test_it_has_what_was_committed_and_nothing_of_a_write_under_way(index, tmp_path):
    index.execute("BEGIN IMMEDIATE")
    index.execute("INSERT INTO blob (digest, size, durable, touched) VALUES ('sha256:b', 8, 1, 0)")
    snapshot.take(tmp_path / "index.db", tmp_path / "copy.db")
    index.execute("COMMIT")
    assert snapshot.blobs(tmp_path / "copy.db") == [("sha256:a", 7)]
    snapshot.check(tmp_path / "copy.db")
    assert not (tmp_path / "copy.db-wal").exists()


def test_what_is_no_index_is_refused(tmp_path):
    (tmp_path / "copy.db").write_bytes(b"x" * 8192)
    with pytest.raises(IndexUnavailableError, match="damaged"):
        snapshot.check(tmp_path / "copy.db")
