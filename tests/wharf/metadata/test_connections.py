"""Connections are opened for one purpose and closed."""

import sqlite3
import threading

import pytest

from wharf.metadata.connections import Connections, meaning, translated
from wharf.metadata.interface import IndexFullError, IndexUnavailableError


@pytest.fixture
def connections(tmp_path):
    connections = Connections(tmp_path / "deep" / "index.db")
    connections.prepare()
    yield connections
    connections.close()


def test_a_writer_is_durable_and_keeps_references_whole(connections):
    connection = connections.writer()
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
    connection.close()


def test_a_reader_is_the_threads_own_and_cannot_write(connections):
    mine = connections.reader()
    assert connections.reader() is mine
    others = []
    thread = threading.Thread(target=lambda: others.append(connections.reader()))
    thread.start()
    thread.join()
    assert others[0] is not mine
    with pytest.raises(IndexUnavailableError), translated():
        mine.execute("DELETE FROM repository")


def test_a_full_disk_is_told_from_other_trouble():
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL
    assert isinstance(meaning(full), IndexFullError)
    assert isinstance(meaning(sqlite3.OperationalError("database is locked")), IndexUnavailableError)


def test_what_is_not_a_database_is_refused_with_a_reason(tmp_path):
    (tmp_path / "index.db").write_bytes(b"not a database" * 100)
    with pytest.raises(IndexUnavailableError, match="not a database"):
        Connections(tmp_path / "index.db").prepare()


def test_a_damaged_index_and_another_users_are_told_with_the_remedy(tmp_path):
    path = tmp_path / "index.db"
    path.write_bytes(bytes(range(256)) * 100)
    with pytest.raises(IndexUnavailableError, match="put a backup of index"):
        Connections(path).prepare()
    assert "run this as the user that serves it" in str(meaning(PermissionError(13, "Permission denied")))
