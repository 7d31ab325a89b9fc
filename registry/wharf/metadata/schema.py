"""The tables of the index, as numbered migrations that are applied when it is opened.

Rule: a migration that has been released is never edited; a change is a new one at the end. Each is applied whole or
not at all, and a database from a newer wharf is refused rather than guessed at.

Times are Unix seconds. Text compares by bytes (SQLite's BINARY; PostgreSQL will need COLLATE "C").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wharf.metadata.interface import MetadataError

if TYPE_CHECKING:
    import sqlite3

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE repository (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
        # A blob is content that is stored. `durable`: it is known to survive a power cut. AUTOINCREMENT: an id is never
        # used again, so whoever remembers one cannot mistake new content for what it saw.
        """CREATE TABLE blob (
            id INTEGER PRIMARY KEY AUTOINCREMENT, digest TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,
            durable INTEGER NOT NULL, touched REAL NOT NULL)""",
        "CREATE INDEX blob_volatile ON blob (id) WHERE durable = 0",
        # A hold lets a repository serve a blob and name it in manifests.
        """CREATE TABLE hold (
            repository_id INTEGER NOT NULL REFERENCES repository (id),
            blob_id INTEGER NOT NULL REFERENCES blob (id) ON DELETE CASCADE,
            touched REAL NOT NULL, PRIMARY KEY (repository_id, blob_id)) WITHOUT ROWID""",
        "CREATE INDEX hold_of_blob ON hold (blob_id)",
        """CREATE TABLE manifest (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            repository_id INTEGER NOT NULL REFERENCES repository (id),
            digest TEXT NOT NULL, media_type TEXT NOT NULL, size INTEGER NOT NULL, pushed REAL NOT NULL,
            subject TEXT NOT NULL, artifact_type TEXT NOT NULL, annotations TEXT NOT NULL,
            content BLOB NOT NULL, UNIQUE (repository_id, digest))""",
        "CREATE INDEX manifest_of_subject ON manifest (repository_id, subject, digest) WHERE subject <> ''",
        # No cascade from blob: content that a manifest names cannot be removed, whoever tries. The repository is the
        # manifest's, repeated here so that "does this repository use it" is one look-up, however many manifests do.
        """CREATE TABLE manifest_blob (
            manifest_id INTEGER NOT NULL REFERENCES manifest (id) ON DELETE CASCADE,
            blob_id INTEGER NOT NULL REFERENCES blob (id), repository_id INTEGER NOT NULL,
            PRIMARY KEY (manifest_id, blob_id)) WITHOUT ROWID""",
        "CREATE INDEX manifest_blob_of_blob ON manifest_blob (blob_id, repository_id)",
        # By digest, not by id: the children of a sparse index need not be there.
        """CREATE TABLE manifest_child (
            manifest_id INTEGER NOT NULL REFERENCES manifest (id) ON DELETE CASCADE,
            digest TEXT NOT NULL, PRIMARY KEY (manifest_id, digest)) WITHOUT ROWID""",
        "CREATE INDEX manifest_child_of_digest ON manifest_child (digest)",
        """CREATE TABLE tag (
            repository_id INTEGER NOT NULL REFERENCES repository (id), name TEXT NOT NULL,
            manifest_id INTEGER NOT NULL REFERENCES manifest (id) ON DELETE CASCADE,
            updated REAL NOT NULL, PRIMARY KEY (repository_id, name)) WITHOUT ROWID""",
        "CREATE INDEX tag_of_manifest ON tag (manifest_id)",
        """CREATE TABLE outbox (
            id INTEGER PRIMARY KEY AUTOINCREMENT, webhook TEXT NOT NULL, event TEXT NOT NULL, created REAL NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0, dead INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '')""",
        "CREATE INDEX outbox_queue ON outbox (webhook, dead, id)",
        """CREATE TABLE endpoint (
            webhook TEXT PRIMARY KEY, delivered INTEGER NOT NULL DEFAULT 0, last_success REAL, last_error_at REAL,
            last_error TEXT NOT NULL DEFAULT '', next_attempt REAL)""",
        "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    ),
    (
        # When it was last pushed to, to within half a minute (writes.ACTIVITY_INTERVAL).
        "ALTER TABLE repository ADD COLUMN active REAL NOT NULL DEFAULT 0",
        # `touched` and `orphaned`: see metadata/family.py.
        "ALTER TABLE manifest ADD COLUMN touched REAL NOT NULL DEFAULT 0",
        "ALTER TABLE manifest ADD COLUMN orphaned INTEGER NOT NULL DEFAULT 0",
        "UPDATE manifest SET touched = pushed",
        # By name, not by id: a repository that has nothing any more goes, and what was in it can still be restored.
        """CREATE TABLE tombstone (
            digest TEXT NOT NULL, repository TEXT NOT NULL, kind TEXT NOT NULL, deleted REAL NOT NULL,
            size INTEGER NOT NULL, manifest TEXT NOT NULL, content BLOB NOT NULL,
            PRIMARY KEY (digest, repository, kind))""",
        "CREATE INDEX tombstone_by_time ON tombstone (deleted)",
    ),
    (
        # Events are sent repository by repository, so one that is refused holds up only those of its own.
        "ALTER TABLE outbox ADD COLUMN repository TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE outbox ADD COLUMN answer TEXT NOT NULL DEFAULT ''",
        "UPDATE outbox SET repository = coalesce(json_extract(event, '$.repository'), '')",
        "DROP INDEX outbox_queue",
        "CREATE INDEX outbox_lane ON outbox (webhook, dead, repository, id)",
        "CREATE INDEX outbox_dead ON outbox (webhook, id) WHERE dead = 1",
        "CREATE INDEX outbox_refused ON outbox (webhook) WHERE dead = 0 AND attempts > 0",
        # `failures`: in a row; `failed`: in all; `dropped`: dead letters that went for want of room; `resumed`: when a
        # suspension ended; `replay`: the last text that asked for one; `gone`: since when the webhook is no more.
        "ALTER TABLE endpoint ADD COLUMN failures INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE endpoint ADD COLUMN failed INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE endpoint ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE endpoint ADD COLUMN suspended INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE endpoint ADD COLUMN resumed REAL NOT NULL DEFAULT 0",
        "ALTER TABLE endpoint ADD COLUMN replay TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE endpoint ADD COLUMN gone REAL",
    ),
    (
        # Pulls that are not in the outbox yet: see metadata/sqlite_pull_log.py. The sheaf is last: what is asked of
        # many rows is found without it.
        """CREATE TABLE pull (
            id INTEGER PRIMARY KEY AUTOINCREMENT, pulls INTEGER NOT NULL, told TEXT NOT NULL, sheaf BLOB NOT NULL)""",
        # Counts the changes that an answer to a client may depend on: deliveries do not make answers old.
        "CREATE TABLE version (number INTEGER NOT NULL)",
        "INSERT INTO version (number) VALUES (0)",
    ),
)


class SchemaError(MetadataError):
    """The database was written by a newer wharf. Run that version, or restore a backup made before it ran."""


def migrate(connection: sqlite3.Connection) -> int:
    """Bring a database to the newest version, in one transaction; the version. Raises SchemaError."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
        row = connection.execute("SELECT max(version) FROM schema_version").fetchone()
        found = row[0] or 0
        if found > len(MIGRATIONS):
            raise SchemaError(
                f"the index has schema {found} and this wharf knows {len(MIGRATIONS)}: run the newer wharf that wrote "
                "it, or restore a backup made before that one ran"
            )
        for version in range(found, len(MIGRATIONS)):
            for statement in MIGRATIONS[version]:
                connection.execute(statement)
            connection.execute("INSERT INTO schema_version (version) VALUES (?)", (version + 1,))
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    return len(MIGRATIONS)
