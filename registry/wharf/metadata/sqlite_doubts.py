"""The doubts in the index's database.

Rule: see metadata/doubts.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wharf.metadata import writes

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

    from wharf.metadata.sqlite import SqliteIndex

_DURABLE = "UPDATE blob SET durable = 1 WHERE digest = ?"


class SqliteDoubts:
    """A Doubts (metadata/doubts.py) beside a SqliteIndex."""

    def __init__(self, index: SqliteIndex) -> None:
        self._index = index

    async def volatile(self) -> list[str]:
        """See Doubts."""
        return await self._index.read_aside(_volatile)

    async def lost(self, digests: Collection[str]) -> None:
        """See Doubts."""
        await self._index.write(lambda connection: writes.forget(connection, digests))

    async def durable(self, digests: Collection[str]) -> None:
        """See Doubts."""

        def change(connection: sqlite3.Connection) -> None:
            connection.executemany(_DURABLE, [(digest,) for digest in digests])

        await self._index.write(change)


def _volatile(connection: sqlite3.Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT digest FROM blob WHERE durable = 0 ORDER BY id")]
