"""The inventory in the index's database.

Rule: see metadata/inventory.py. Questions about much are answered in a thread: requests do not wait for them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from wharf.metadata.inventory import Content, Hold, Repository, StoredManifest

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from wharf.metadata.sqlite import SqliteIndex

_REPOSITORIES = "SELECT name, active FROM repository WHERE name > ? ORDER BY name LIMIT ?"

_MANIFESTS = """SELECT m.id, m.digest, m.size, m.touched, m.orphaned, m.subject FROM repository r
    JOIN manifest m ON m.repository_id = r.id WHERE r.name = ? ORDER BY m.digest"""

_CHILDREN = """SELECT x.manifest_id, x.digest FROM repository r JOIN manifest m ON m.repository_id = r.id
    JOIN manifest_child x ON x.manifest_id = m.id WHERE r.name = ? ORDER BY x.manifest_id, x.digest"""

_TAGS = """SELECT t.manifest_id, t.name FROM repository r JOIN tag t ON t.repository_id = r.id
    WHERE r.name = ? ORDER BY t.manifest_id, t.name"""

_REMOVABLE = """SELECT 1 FROM manifest m WHERE m.id = ? AND m.touched = ?
    AND NOT EXISTS (SELECT 1 FROM tag t WHERE t.manifest_id = m.id)"""

_TOUCH_HOLDS = """UPDATE hold SET touched = :touch WHERE touched < :touch
    AND repository_id = (SELECT repository_id FROM manifest WHERE id = :manifest)
    AND blob_id IN (SELECT blob_id FROM manifest_blob WHERE manifest_id = :manifest)"""

_BLOBS = """SELECT b.id, b.digest, b.size, b.touched,
        (SELECT count(*) FROM manifest_blob x WHERE x.blob_id = b.id),
        (SELECT count(*) FROM manifest_blob x WHERE x.blob_id = b.id
            AND x.manifest_id IN (SELECT value FROM json_each(:leaving)))
    FROM blob b WHERE b.digest > :after ORDER BY b.digest LIMIT :limit"""

# A hold is backed when a manifest of its own repository names the blob.
_UNBACKED = """SELECT r.name, h.touched FROM hold h JOIN repository r ON r.id = h.repository_id
    WHERE h.blob_id = ? AND NOT EXISTS (
        SELECT 1 FROM manifest_blob x WHERE x.blob_id = h.blob_id AND x.repository_id = h.repository_id)
    ORDER BY r.name"""

_RELEASE = """DELETE FROM hold AS h WHERE h.blob_id = (SELECT id FROM blob WHERE digest = ?)
    AND h.repository_id = (SELECT id FROM repository WHERE name = ?) AND h.touched = ?
    AND NOT EXISTS (SELECT 1 FROM manifest_blob x WHERE x.blob_id = h.blob_id AND x.repository_id = h.repository_id)"""

_REMOVE_BLOB = """DELETE FROM blob WHERE digest = ? AND touched = ?
    AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.blob_id = blob.id)
    AND NOT EXISTS (SELECT 1 FROM manifest_blob x WHERE x.blob_id = blob.id)"""

_DROP_REPOSITORIES = """DELETE FROM repository
    WHERE NOT EXISTS (SELECT 1 FROM manifest m WHERE m.repository_id = repository.id)
    AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.repository_id = repository.id)"""

_REJUVENATE = (
    "UPDATE repository SET active = :now WHERE active > :now",
    "UPDATE manifest SET touched = :now WHERE touched > :now",
    "UPDATE blob SET touched = :now WHERE touched > :now",
    "UPDATE hold SET touched = :now WHERE touched > :now",
    "UPDATE tombstone SET deleted = :now WHERE deleted > :now",
)


class SqliteInventory:
    """An Inventory (metadata/inventory.py) beside a SqliteIndex."""

    def __init__(self, index: SqliteIndex) -> None:
        self._index = index

    async def repositories(self, after: str, limit: int) -> list[Repository]:
        """See Inventory."""
        return await self._index.read_aside(_repositories, after, limit)

    async def manifests(self, repository: str) -> list[StoredManifest]:
        """See Inventory."""
        return await self._index.read_aside(_at_one_moment, _manifests, repository)

    async def remove_manifests(self, seen: Sequence[StoredManifest], touch: float) -> list[int]:
        """See Inventory."""
        return await self._index.write(lambda connection: _remove_manifests(connection, seen, touch))

    async def contents(self, after: str, limit: int, leaving: Sequence[int] = ()) -> list[Content]:
        """See Inventory."""
        return await self._index.read_aside(_at_one_moment, _contents, after, limit, leaving)

    async def unknown(self, digests: Sequence[str]) -> list[str]:
        """See Inventory."""
        return await self._index.read_aside(_unknown, digests)

    async def release(self, holds: Sequence[tuple[str, Hold]], blobs: Sequence[Content]) -> list[str]:
        """See Inventory."""

        def change(connection: sqlite3.Connection) -> list[str]:
            connection.executemany(_RELEASE, [(digest, hold.repository, hold.touched) for digest, hold in holds])
            rows = ((each.digest, each.touched) for each in blobs)
            return [row[0] for row in rows if connection.execute(_REMOVE_BLOB, row).rowcount]

        return await self._index.write(change)

    async def drop_empty_repositories(self) -> int:
        """See Inventory."""
        return await self._index.write(lambda connection: connection.execute(_DROP_REPOSITORIES).rowcount)

    async def rejuvenate(self, now: float) -> None:
        """See Inventory."""

        def change(connection: sqlite3.Connection) -> None:
            for statement in _REJUVENATE:
                connection.execute(statement, {"now": now})

        await self._index.write(change)


def _at_one_moment(connection: sqlite3.Connection, question: Callable[..., Any], *arguments: object) -> Any:
    """Answer a question of several statements by what the index was at its begin."""
    connection.execute("BEGIN")
    try:
        return question(connection, *arguments)
    finally:
        connection.execute("COMMIT")


def _repositories(connection: sqlite3.Connection, after: str, limit: int) -> list[Repository]:
    return [Repository(*row) for row in connection.execute(_REPOSITORIES, (after, limit))]


def _manifests(connection: sqlite3.Connection, repository: str) -> list[StoredManifest]:
    children = _grouped(connection, _CHILDREN, repository)
    tags = _grouped(connection, _TAGS, repository)
    return [
        StoredManifest(
            key, digest, size, touched, bool(orphaned), subject, tuple(children.get(key, ())), tuple(tags.get(key, ()))
        )
        for key, digest, size, touched, orphaned, subject in connection.execute(_MANIFESTS, (repository,))
    ]


def _grouped(connection: sqlite3.Connection, question: str, repository: str) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for key, text in connection.execute(question, (repository,)):
        found.setdefault(key, []).append(text)
    return found


def _remove_manifests(connection: sqlite3.Connection, seen: Sequence[StoredManifest], touch: float) -> list[int]:
    removed = []
    for each in seen:
        if connection.execute(_REMOVABLE, (each.id, each.touched)).fetchone() is not None:
            connection.execute(_TOUCH_HOLDS, {"touch": touch, "manifest": each.id})
            connection.execute("DELETE FROM manifest WHERE id = ?", (each.id,))
            removed.append(each.id)
    return removed


def _contents(connection: sqlite3.Connection, after: str, limit: int, leaving: Sequence[int]) -> list[Content]:
    values = {"after": after, "limit": limit, "leaving": json.dumps(list(leaving))}
    return [
        Content(
            digest,
            size,
            touched,
            manifests,
            going,
            tuple(Hold(*each) for each in connection.execute(_UNBACKED, (key,))),
        )
        for key, digest, size, touched, manifests, going in connection.execute(_BLOBS, values).fetchall()
    ]


def _unknown(connection: sqlite3.Connection, digests: Sequence[str]) -> list[str]:
    found = "SELECT 1 FROM blob WHERE digest = ?"
    return [digest for digest in digests if connection.execute(found, (digest,)).fetchone() is None]
