"""The index's changes, in SQL: each function runs inside one transaction of the writer.

Rule: a function touches only its connection, so that it can be undone. A repository never names a blob in a manifest
that it does not hold, and no manifest is stored before its blobs are durable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from wharf.metadata import family, reads, tombstones
from wharf.metadata.interface import Blob, MissingReferencesError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from wharf.metadata.interface import Event, ManifestPut

ACTIVITY_INTERVAL = 30.0
"""Seconds within which a push does not note again that its repository is active."""

_PUT_MANIFEST = """INSERT INTO manifest
    (repository_id, digest, media_type, size, pushed, subject, artifact_type, annotations, content)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (repository_id, digest) DO UPDATE SET media_type = excluded.media_type, pushed = excluded.pushed,
    subject = excluded.subject, artifact_type = excluded.artifact_type, annotations = excluded.annotations
    RETURNING id"""

_NAME_BLOB = "INSERT INTO manifest_blob (manifest_id, blob_id, repository_id) VALUES (?, ?, ?)"
_TAKE_UP = """INSERT OR IGNORE INTO manifest_blob (manifest_id, blob_id, repository_id)
    SELECT c.manifest_id, ?, m.repository_id FROM manifest_child c JOIN manifest m ON m.id = c.manifest_id
    WHERE c.digest = ? AND +m.repository_id = ?"""

_NAME_CHILD = "INSERT INTO manifest_child (manifest_id, digest) VALUES (?, ?)"

_PUT_TAG = """INSERT INTO tag (repository_id, name, manifest_id, updated) VALUES (?, ?, ?, ?)
    ON CONFLICT (repository_id, name) DO UPDATE SET manifest_id = excluded.manifest_id, updated = excluded.updated"""

_PUT_BLOB = """INSERT INTO blob (digest, size, durable, touched) VALUES (?, ?, ?, ?)
    ON CONFLICT (digest) DO UPDATE SET touched = excluded.touched,
    durable = CASE WHEN excluded.durable = 1 THEN 1 ELSE blob.durable END RETURNING id"""

_PUT_HOLD = """INSERT INTO hold (repository_id, blob_id, touched) VALUES (?, ?, ?)
    ON CONFLICT (repository_id, blob_id) DO UPDATE SET touched = excluded.touched"""

_TOUCH_HOLD = """UPDATE hold SET touched = ? WHERE repository_id = (SELECT id FROM repository WHERE name = ?)
    AND blob_id = (SELECT id FROM blob WHERE digest = ?)"""

_TOUCH_REPOSITORY = "UPDATE repository SET active = ? WHERE name = ? AND active < ?"

_TOUCH_MANIFEST = """UPDATE manifest SET touched = ? WHERE digest = ?
    AND repository_id = (SELECT id FROM repository WHERE name = ?)"""

_TOUCH_HOLDS_OF_MANIFEST = """UPDATE hold SET touched = ? WHERE repository_id = ?
    AND blob_id IN (SELECT blob_id FROM manifest_blob WHERE manifest_id = ?)"""

_FIND_MANIFEST = """SELECT m.id, m.repository_id FROM manifest m JOIN repository r ON r.id = m.repository_id
    WHERE r.name = ? AND m.digest = ?"""

_DELETE_TAG = "DELETE FROM tag WHERE repository_id = ? AND name = ?"

_DELETE_HOLD = """DELETE FROM hold WHERE repository_id = (SELECT id FROM repository WHERE name = ?)
    AND blob_id = (SELECT id FROM blob WHERE digest = ?)"""

# A blob that a manifest names stays, though its content is lost: the manifest says what is wrong. But it is no longer
# durable, so that the next push of the content is flushed and mends it.
_FORGET_HOLDS = "DELETE FROM hold WHERE blob_id = (SELECT id FROM blob WHERE digest = ?)"
_FORGET_DURABLE = "UPDATE blob SET durable = 0 WHERE digest = ?"
_FORGET_BLOB = """DELETE FROM blob WHERE digest = ?
    AND NOT EXISTS (SELECT 1 FROM manifest_blob x WHERE x.blob_id = blob.id)"""

_DROPPED = """INSERT INTO endpoint (webhook, dropped) VALUES (?, ?)
    ON CONFLICT (webhook) DO UPDATE SET dropped = endpoint.dropped + excluded.dropped"""


def put_manifest(connection: sqlite3.Connection, put: ManifestPut, flushed: Collection[int], now: float) -> bool:
    """Store a manifest whose blobs with the ids `flushed` are now durable.

    False, and nothing done, when there are others to be flushed first. Raises MissingReferencesError.
    """
    held = reads.held(connection, put.repository, (*put.blobs, *put.optional))
    if missing := tuple(digest for digest in dict.fromkeys(put.blobs) if digest not in held):
        raise MissingReferencesError(missing)
    if any(not blob.durable and blob.id not in flushed for blob in held.values()):
        return False
    connection.executemany("UPDATE blob SET durable = 1 WHERE id = ? AND durable = 0", [(key,) for key in flushed])
    repository = _repository(connection, put.repository, now)
    row = connection.execute(
        _PUT_MANIFEST,
        (
            repository,
            put.digest,
            put.media_type,
            len(put.content),
            now,
            put.subject,
            put.artifact_type,
            reads.annotations_to(put.annotations),
            put.content,
        ),
    ).fetchone()
    manifest: int = row[0]
    absent = (digest for digest in put.optional if digest not in held)
    _name(connection, (manifest, repository), [blob.id for blob in held.values()], (*put.manifests, *absent))
    family.needed(connection, repository, put.digest, now)
    family.untagged(connection, repository, put.tags, now)
    connection.executemany(_PUT_TAG, [(repository, tag, manifest, now) for tag in put.tags])
    return True


def renew(connection: sqlite3.Connection, manifest: int, blobs: Sequence[str], others: Sequence[str]) -> None:
    """Note anew what a stored manifest names. Of `blobs`, those that its repository does not hold count as absent."""
    question = "SELECT r.id, r.name FROM manifest m JOIN repository r ON r.id = m.repository_id WHERE m.id = ?"
    repository, name = connection.execute(question, (manifest,)).fetchone()
    held = reads.held(connection, name, blobs)
    absent = (digest for digest in blobs if digest not in held)
    _name(connection, (manifest, repository), [blob.id for blob in held.values()], (*others, *absent))


def delete_manifest(connection: sqlite3.Connection, repository: str, digest: str, now: float) -> bool:
    """Remove a manifest and its tags. The grace period of what it kept begins."""
    row = connection.execute(_FIND_MANIFEST, (repository, digest)).fetchone()
    if row is None:
        return False
    tombstones.bury_manifest(connection, row[0], now)
    family.orphaned(connection, row[1], digest, now)
    connection.execute(_TOUCH_HOLDS_OF_MANIFEST, (now, row[1], row[0]))
    connection.execute("DELETE FROM manifest WHERE id = ?", (row[0],))  # tags and references go with it
    return True


def delete_tag(connection: sqlite3.Connection, repository: str, tag: str, now: float) -> bool:
    """Remove a tag. The grace period of its manifest begins, if untagged ones go."""
    row = connection.execute("SELECT id FROM repository WHERE name = ?", (repository,)).fetchone()
    if row is None:
        return False
    family.untagged(connection, row[0], (tag,), now)
    return connection.execute(_DELETE_TAG, (row[0], tag)).rowcount > 0


def touch_manifest(connection: sqlite3.Connection, repository: str, digest: str, now: float) -> None:
    """Begin the grace period of an untagged manifest anew."""
    connection.execute(_TOUCH_MANIFEST, (now, digest, repository))


def put_blob(connection: sqlite3.Connection, repository: str, blob: Blob, durable: bool, now: float) -> bool:
    """Record content and the repository's hold on it, for manifests too that named it before it was there.

    False, and nothing done, when there are such manifests and the content is not durable yet.
    """
    if not durable and reads.awaited(connection, repository, blob.digest):
        return False
    row = connection.execute(_PUT_BLOB, (blob.digest, blob.size, int(durable), now)).fetchone()
    _hold(connection, repository, (row[0], blob.digest), now)
    return True


def mount_blob(connection: sqlite3.Connection, repository: str, digest: str, source: str, now: float) -> Blob | None:
    """Give the repository a hold on what `source` holds."""
    held = reads.held(connection, source, (digest,))
    if digest not in held or (not held[digest].durable and reads.awaited(connection, repository, digest)):
        return None  # not durable, and a manifest that is stored already waits for it: it has to be pushed
    _hold(connection, repository, (held[digest].id, digest), now)
    row = connection.execute("SELECT size FROM blob WHERE id = ?", (held[digest].id,)).fetchone()
    return Blob(digest, row[0])


def touch_hold(connection: sqlite3.Connection, repository: str, digest: str, now: float) -> bool:
    """Begin the grace period of a hold anew; False when it has gone."""
    connection.execute(_TOUCH_REPOSITORY, (now, repository, now - ACTIVITY_INTERVAL))
    return connection.execute(_TOUCH_HOLD, (now, repository, digest)).rowcount > 0


def hold(connection: sqlite3.Connection, repository: str, digest: str, now: float) -> bool:
    """Let a repository hold content that is stored; False when it is not, or not durable and awaited by a manifest."""
    row = connection.execute("SELECT id, durable FROM blob WHERE digest = ?", (digest,)).fetchone()
    if row is None or (not row[1] and reads.awaited(connection, repository, digest)):
        return False
    _hold(connection, repository, (row[0], digest), now)
    return True


def delete_hold(connection: sqlite3.Connection, repository: str, digest: str, now: float) -> bool:
    """End a repository's hold. The grace period of the content begins."""
    if not connection.execute(_DELETE_HOLD, (repository, digest)).rowcount:
        return False
    connection.execute("UPDATE blob SET touched = ? WHERE digest = ?", (now, digest))
    tombstones.bury_hold(connection, repository, digest, now)
    return True


def forget(connection: sqlite3.Connection, digests: Iterable[str]) -> None:
    """Record that the content of blobs is lost: no repository holds it until it is pushed again."""
    for digest in digests:
        for statement in (_FORGET_HOLDS, _FORGET_DURABLE, _FORGET_BLOB):
            connection.execute(statement, (digest,))


def post(connection: sqlite3.Connection, deliveries: Sequence[tuple[str, Event]], now: float) -> None:
    """Put events into the outbox, each for one webhook; what is for several is one after the other."""
    rows, last, text = [], None, ""
    for webhook, event in deliveries:
        if event is not last:
            last, text = event, msgspec.json.encode(event).decode()
        rows.append((webhook, event.repository, text, now))
    connection.executemany("INSERT INTO outbox (webhook, repository, event, created) VALUES (?, ?, ?, ?)", rows)


def count_dropped(connection: sqlite3.Connection, events: Mapping[str, int]) -> None:
    """Count events that went for want of room, by webhook."""
    connection.executemany(_DROPPED, events.items())


def _name(connection: sqlite3.Connection, manifest: tuple[int, int], blobs: list[int], others: Iterable[str]) -> None:
    """Note what a manifest, by its id and its repository's, names: blobs by id, and digests of other things."""
    key, repository = manifest
    connection.execute("DELETE FROM manifest_blob WHERE manifest_id = ?", (key,))
    connection.execute("DELETE FROM manifest_child WHERE manifest_id = ?", (key,))
    connection.executemany(_NAME_BLOB, [(key, blob, repository) for blob in blobs])
    connection.executemany(_NAME_CHILD, [(key, digest) for digest in dict.fromkeys(others)])


def _hold(connection: sqlite3.Connection, repository: str, blob: tuple[int, str], now: float) -> None:
    """Give the repository, and those of its manifests that wait for it, a blob by id and digest."""
    holder = _repository(connection, repository, now)
    connection.execute(_PUT_HOLD, (holder, blob[0], now))
    connection.execute(_TAKE_UP, (*blob, holder))


def _repository(connection: sqlite3.Connection, name: str, now: float) -> int:
    """The id of a repository that is being pushed to, which is made when there is none."""
    row = connection.execute("SELECT id, active FROM repository WHERE name = ?", (name,)).fetchone()
    if row is None:
        made = "INSERT INTO repository (name, active) VALUES (?, ?) RETURNING id"
        row = connection.execute(made, (name, now)).fetchone()
    elif row[1] < now - ACTIVITY_INTERVAL:
        connection.execute("UPDATE repository SET active = ? WHERE id = ?", (now, row[0]))
    key: int = row[0]
    return key
