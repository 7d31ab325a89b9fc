"""A database of any earlier version is brought to the newest, or refused."""

import sqlite3

import pytest

from wharf.metadata.schema import MIGRATIONS, SchemaError, migrate


@pytest.fixture
def connection():
    connection = sqlite3.connect(":memory:", isolation_level=None)
    yield connection
    connection.close()


def test_a_new_database_gets_every_migration_and_keeps_its_version(connection):
    assert migrate(connection) == len(MIGRATIONS)
    assert migrate(connection) == len(MIGRATIONS)
    versions = [row[0] for row in connection.execute("SELECT version FROM schema_version ORDER BY version")]
    assert versions == list(range(1, len(MIGRATIONS) + 1))


def test_the_database_of_a_newer_wharf_is_refused_and_left_alone(connection):
    migrate(connection)
    connection.execute("INSERT INTO schema_version (version) VALUES (999)")
    with pytest.raises(SchemaError, match="schema 999"):
        migrate(connection)
    assert not connection.in_transaction


def test_a_migration_that_fails_leaves_nothing(connection, monkeypatch):
    monkeypatch.setattr("wharf.metadata.schema.MIGRATIONS", (("CREATE TABLE first (id INTEGER)", "NOT SQL"),))
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection)
    assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


def test_content_that_a_manifest_names_cannot_be_removed(connection):
    migrate(connection)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("INSERT INTO repository (id, name) VALUES (1, 'r')")
    connection.execute("INSERT INTO blob (id, digest, size, durable, touched) VALUES (1, 'd', 1, 1, 0)")
    connection.execute(
        "INSERT INTO manifest (id, repository_id, digest, media_type, size, pushed, subject, artifact_type, "
        "annotations, content) VALUES (1, 1, 'm', '', 1, 0, '', '', '', x'00')"
    )
    connection.execute("INSERT INTO manifest_blob (manifest_id, blob_id, repository_id) VALUES (1, 1, 1)")
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("DELETE FROM blob")


def test_a_manifest_of_an_older_wharf_was_touched_when_it_was_pushed(connection, monkeypatch):
    monkeypatch.setattr("wharf.metadata.schema.MIGRATIONS", MIGRATIONS[:1])
    migrate(connection)
    connection.execute("INSERT INTO repository (id, name) VALUES (1, 'r')")
    connection.execute(
        "INSERT INTO manifest (id, repository_id, digest, media_type, size, pushed, subject, artifact_type, "
        "annotations, content) VALUES (1, 1, 'm', '', 1, 77.0, '', '', '', x'00')"
    )
    monkeypatch.setattr("wharf.metadata.schema.MIGRATIONS", MIGRATIONS)
    migrate(connection)
    assert connection.execute("SELECT touched, orphaned FROM manifest").fetchall() == [(77.0, 0)]
