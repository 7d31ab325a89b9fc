"""The inventory in the index's database.

Rule: see metadata/inventory.py. Questions about much are answered in a thread: requests do not wait for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wharf.metadata import writes
from wharf.metadata.inventory import Content

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Sequence

    from wharf.metadata.sqlite import SqliteIndex

# A hold is backed when a manifest of its own repository names the blob.
_BACKED = "EXISTS (SELECT 1 FROM manifest_blob x WHERE x.blob_id = h.blob_id AND x.repository_id = h.repository_id)"

_CONTENTS = f"""SELECT b.digest, b.size,
        (SELECT count(*) FROM manifest_blob x WHERE x.blob_id = b.id),
        coalesce(sum(h.unbacked), 0),
        coalesce(min(CASE WHEN h.unbacked = 1 THEN h.touched END), b.touched),
        max(b.touched, coalesce(max(CASE WHEN h.unbacked = 1 THEN h.touched END), b.touched))
    FROM (SELECT * FROM blob WHERE digest > ? ORDER BY digest LIMIT ?) b
    LEFT JOIN (SELECT h.blob_id, h.touched, CASE WHEN {_BACKED} THEN 0 ELSE 1 END AS unbacked FROM hold h) h
        ON h.blob_id = b.id
    GROUP BY b.id, b.digest, b.size, b.touched ORDER BY b.digest"""  # noqa: S608 - constants

_RELEASE = f"""DELETE FROM hold AS h WHERE h.blob_id = (SELECT id FROM blob WHERE digest = ?) AND h.touched < ?
    AND NOT {_BACKED}"""  # noqa: S608 - constants

_REMOVE = """DELETE FROM blob WHERE digest = ? AND touched < ?
    AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.blob_id = blob.id)
    AND NOT EXISTS (SELECT 1 FROM manifest_blob x WHERE x.blob_id = blob.id)"""

_DROP_REPOSITORIES = """DELETE FROM repository
    WHERE NOT EXISTS (SELECT 1 FROM manifest m WHERE m.repository_id = repository.id)
    AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.repository_id = repository.id)"""

_HOLDERS = """SELECT r.name FROM blob b JOIN hold h ON h.blob_id = b.id JOIN repository r ON r.id = h.repository_id
    WHERE b.digest = ? ORDER BY r.name LIMIT ?"""

_NOTE = """INSERT INTO setting (name, value) VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value"""

_BOOT = "boot"


class SqliteInventory:
    """An Inventory (metadata/inventory.py) beside a SqliteIndex."""

    def __init__(self, index: SqliteIndex) -> None:
        self._index = index

    async def contents(self, after: str, limit: int) -> list[Content]:
        """See Inventory."""
        return [Content(*row) for row in await self._rows(_CONTENTS, after, limit)]

    async def unknown(self, digests: Sequence[str]) -> list[str]:
        """See Inventory."""
        return await self._index.read_aside(_unknown, digests)

    async def release(self, digests: Sequence[str], before: float) -> list[str]:
        """See Inventory."""

        def change(connection: sqlite3.Connection) -> list[str]:
            connection.executemany(_RELEASE, [(digest, before) for digest in digests])
            return [digest for digest in digests if connection.execute(_REMOVE, (digest, before)).rowcount]

        return await self._index.write(change)

    async def drop_empty_repositories(self) -> int:
        """See Inventory."""
        return await self._index.write(lambda connection: connection.execute(_DROP_REPOSITORIES).rowcount)

    async def holders(self, digest: str, limit: int) -> list[str]:
        """See Inventory."""
        return [row[0] for row in await self._rows(_HOLDERS, digest, limit)]

    async def volatile(self) -> list[str]:
        """See Inventory."""
        return [row[0] for row in await self._rows("SELECT digest FROM blob WHERE durable = 0 ORDER BY id")]

    async def lost(self, digests: Collection[str]) -> None:
        """See Inventory."""
        await self._index.write(lambda connection: writes.forget(connection, digests))

    async def durable(self, digests: Collection[str]) -> None:
        """See Inventory."""

        def change(connection: sqlite3.Connection) -> None:
            connection.executemany("UPDATE blob SET durable = 1 WHERE digest = ?", [(digest,) for digest in digests])

        await self._index.write(change)

    async def boot(self) -> str:
        """See Inventory."""
        rows = await self._rows("SELECT value FROM setting WHERE name = ?", _BOOT)
        return str(rows[0][0]) if rows else ""

    async def note_boot(self, boot: str) -> None:
        """See Inventory."""

        def change(connection: sqlite3.Connection) -> None:
            connection.execute(_NOTE, (_BOOT, boot))

        await self._index.write(change)

    async def _rows(self, sql: str, *arguments: object) -> list[tuple[Any, ...]]:
        return await self._index.read_aside(lambda connection: connection.execute(sql, arguments).fetchall())


def _unknown(connection: sqlite3.Connection, digests: Sequence[str]) -> list[str]:
    found = "SELECT 1 FROM blob WHERE digest = ?"
    return [digest for digest in digests if connection.execute(found, (digest,)).fetchone() is None]
