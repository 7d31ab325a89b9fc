"""What is remembered of deletions, in SQL, so that they can be undone while the content is still there.

Rule: a tombstone is written in the transaction of the deletion, and is all that a manifest's row was. The content of
its blobs does not move: their holds stay for the grace period anyway, and it is as long as the tombstone's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from wharf.metadata import reads
from wharf.metadata.deletions import BLOB, MANIFEST, Deletion
from wharf.metadata.interface import ManifestPut

if TYPE_CHECKING:
    import sqlite3

_BURY = """INSERT INTO tombstone (digest, repository, kind, deleted, size, manifest, content)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (digest, repository, kind) DO UPDATE SET deleted = excluded.deleted,
    size = excluded.size, manifest = excluded.manifest, content = excluded.content"""

_MANIFEST = """SELECT m.digest, m.media_type, m.subject, m.artifact_type, m.annotations, m.content, r.name
    FROM manifest m JOIN repository r ON r.id = m.repository_id WHERE m.id = ?"""

_BLOBS = """SELECT b.digest FROM manifest_blob x JOIN blob b ON b.id = x.blob_id WHERE x.manifest_id = ?
    ORDER BY b.digest"""

_SIZE = "SELECT size FROM blob WHERE digest = ?"

_FIND = "SELECT manifest, content FROM tombstone WHERE digest = ? AND repository = ? AND kind = ?"

_LIST = """SELECT digest, repository, kind, deleted, size, manifest FROM tombstone
    WHERE (? = '' OR digest = ?) ORDER BY repository, digest, kind LIMIT ?"""


class _Record(msgspec.Struct, frozen=True, array_like=True):
    """A manifest's row but its content, and the tags that pointed at it."""

    media_type: str
    subject: str
    artifact_type: str
    annotations: str
    blobs: list[str]
    manifests: list[str]
    tags: list[str]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Record).decode


def bury_manifest(connection: sqlite3.Connection, manifest: int, now: float) -> None:
    """Remember a manifest that is about to be deleted, with its tags."""
    digest, media_type, subject, artifact_type, annotations, content, repository = connection.execute(
        _MANIFEST, (manifest,)
    ).fetchone()
    record = _Record(
        media_type,
        subject,
        artifact_type,
        annotations,
        _column(connection, _BLOBS, manifest),
        _column(connection, "SELECT digest FROM manifest_child WHERE manifest_id = ? ORDER BY digest", manifest),
        _column(connection, "SELECT name FROM tag WHERE manifest_id = ? ORDER BY name", manifest),
    )
    row = (digest, repository, MANIFEST, now, len(content), _encode(record).decode(), content)
    connection.execute(_BURY, row)


def bury_hold(connection: sqlite3.Connection, repository: str, digest: str, now: float) -> None:
    """Remember a repository's hold on a blob that has just been ended."""
    (size,) = connection.execute(_SIZE, (digest,)).fetchone()
    connection.execute(_BURY, (digest, repository, BLOB, now, size, "", b""))


def exhume(connection: sqlite3.Connection, deletion: Deletion) -> ManifestPut | None:
    """The manifest of a deletion, with those of its tags that nothing else has taken; None when it is forgotten."""
    row = connection.execute(_FIND, (deletion.digest, deletion.repository, MANIFEST)).fetchone()
    if row is None:
        return None
    record = _decode(row[0])
    taken = [tag for tag in record.tags if reads.manifest(connection, deletion.repository, tag) is not None]
    return ManifestPut(
        repository=deletion.repository,
        digest=deletion.digest,
        media_type=record.media_type,
        content=row[1],
        blobs=tuple(record.blobs),
        manifests=tuple(record.manifests),
        subject=record.subject,
        artifact_type=record.artifact_type,
        annotations=reads.annotations_from(record.annotations),
        tags=tuple(tag for tag in record.tags if tag not in taken),
    )


def find(connection: sqlite3.Connection, digest: str, limit: int) -> list[Deletion]:
    """The deletions of a digest, or all of them where it is empty, by repository and digest."""
    return [
        Deletion(found, repository, kind, deleted, size, tuple(_decode(manifest).tags) if manifest else ())
        for found, repository, kind, deleted, size, manifest in connection.execute(_LIST, (digest, digest, limit))
    ]


def forget(connection: sqlite3.Connection, deletion: Deletion) -> bool:
    """Remove a tombstone; False when it was not there."""
    where = "DELETE FROM tombstone WHERE digest = ? AND repository = ? AND kind = ?"
    return connection.execute(where, (deletion.digest, deletion.repository, deletion.kind)).rowcount > 0


def purge(connection: sqlite3.Connection, before: float) -> int:
    """Remove the tombstones of deletions before then; how many."""
    return connection.execute("DELETE FROM tombstone WHERE deleted < ?", (before,)).rowcount


def _column(connection: sqlite3.Connection, question: str, manifest: int) -> list[str]:
    return [row[0] for row in connection.execute(question, (manifest,))]
