"""The audit in the index's database.

Rule: see metadata/audit.py. Questions are answered in a thread, a page at a time: requests do not wait for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wharf.metadata import writes
from wharf.metadata.audit import Audited, Counts, User
from wharf.metadata.interface import Blob

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from wharf.clock import Clock
    from wharf.metadata.sqlite import SqliteIndex

_COUNTS = "SELECT (SELECT count(*) FROM manifest), count(*), coalesce(sum(size), 0) FROM blob"

_MANIFESTS = """SELECT m.id, r.name, m.digest, m.media_type, m.content FROM manifest m
    JOIN repository r ON r.id = m.repository_id WHERE m.id > ? ORDER BY m.id LIMIT ?"""

_NAMED = (
    "SELECT b.digest FROM manifest_blob x JOIN blob b ON b.id = x.blob_id WHERE x.manifest_id = ? ORDER BY b.digest"
)

_OTHERS = "SELECT digest FROM manifest_child WHERE manifest_id = ? ORDER BY digest"

_BLOBS = "SELECT digest, size FROM blob WHERE digest > ? ORDER BY digest LIMIT ?"

_USERS = """SELECT r.name, m.digest, coalesce((SELECT min(t.name) FROM tag t WHERE t.manifest_id = m.id), '')
    FROM blob b JOIN manifest_blob x ON x.blob_id = b.id JOIN manifest m ON m.id = x.manifest_id
    JOIN repository r ON r.id = m.repository_id WHERE b.digest = ? ORDER BY r.name, m.digest LIMIT ?"""

_UNHELD = """SELECT DISTINCT r.name FROM blob b JOIN manifest_blob x ON x.blob_id = b.id
    JOIN repository r ON r.id = x.repository_id WHERE b.digest = ? AND NOT EXISTS (
        SELECT 1 FROM hold h WHERE h.repository_id = x.repository_id AND h.blob_id = x.blob_id) ORDER BY r.name"""


class SqliteAudit:
    """An Audit (metadata/audit.py) beside a SqliteIndex."""

    def __init__(self, index: SqliteIndex, clock: Clock) -> None:
        self._index = index
        self._clock = clock

    async def unsound(self) -> list[str]:
        """See Audit."""
        return await self._index.read_aside(_unsound)

    async def counts(self) -> Counts:
        """See Audit."""
        return await self._index.read_aside(lambda connection: Counts(*connection.execute(_COUNTS).fetchone()))

    async def manifests(self, after: int, limit: int) -> list[Audited]:
        """See Audit."""
        return await self._index.read_aside(_manifests, after, limit)

    async def blobs(self, after: str, limit: int) -> list[Blob]:
        """See Audit."""
        return await self._index.read_aside(
            lambda connection: [Blob(*row) for row in connection.execute(_BLOBS, (after, limit))]
        )

    async def knows(self, digest: str) -> bool:
        """See Audit."""
        return bool(await self._index.read_aside(_column, "SELECT digest FROM blob WHERE digest = ?", digest))

    async def users(self, digest: str, limit: int) -> list[User]:
        """See Audit."""
        return await self._index.read_aside(
            lambda connection: [User(*row) for row in connection.execute(_USERS, (digest, limit))]
        )

    async def unheld(self, digest: str) -> list[str]:
        """See Audit."""
        return await self._index.read_aside(_column, _UNHELD, digest)

    async def hold(self, repository: str, digest: str) -> bool:
        """See Audit."""
        now = self._clock()
        return await self._index.write(lambda connection: writes.hold(connection, repository, digest, now))

    async def resize(self, blob: Blob, size: int) -> bool:
        """See Audit."""
        change = "UPDATE blob SET size = ? WHERE digest = ? AND size = ?"
        values = (size, blob.digest, blob.size)
        return await self._index.write(lambda connection: connection.execute(change, values).rowcount > 0)

    async def renew(self, manifest: Audited, blobs: Sequence[str], others: Sequence[str]) -> bool:
        """See Audit."""

        def change(connection: sqlite3.Connection) -> bool:
            if connection.execute("SELECT 1 FROM manifest WHERE id = ?", (manifest.id,)).fetchone() is None:
                return False
            writes.renew(connection, manifest.id, blobs, others)
            return True

        return await self._index.write(change)


def _unsound(connection: sqlite3.Connection) -> list[str]:
    said = [row[0] for row in connection.execute("PRAGMA integrity_check(20)")]
    dangling = [f"a row of {row[0]} points at no {row[2]}" for row in connection.execute("PRAGMA foreign_key_check")]
    return [line for line in said if line != "ok"] + sorted(set(dangling))


def _manifests(connection: sqlite3.Connection, after: int, limit: int) -> list[Audited]:
    return [
        Audited(
            id=key,
            repository=repository,
            digest=digest,
            media_type=media_type,
            content=content,
            blobs=tuple(_column(connection, _NAMED, key)),
            others=tuple(_column(connection, _OTHERS, key)),
        )
        for key, repository, digest, media_type, content in connection.execute(_MANIFESTS, (after, limit)).fetchall()
    ]


def _column(connection: sqlite3.Connection, question: str, key: object) -> list[str]:
    return [row[0] for row in connection.execute(question, (key,))]
