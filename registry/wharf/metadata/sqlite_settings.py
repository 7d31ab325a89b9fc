"""The settings in the index's database.

Rule: see metadata/settings.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from wharf.metadata.sqlite import SqliteIndex

_PUT = """INSERT INTO setting (name, value) VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value"""


class SqliteSettings:
    """A Settings (metadata/settings.py) beside a SqliteIndex."""

    def __init__(self, index: SqliteIndex) -> None:
        self._index = index

    async def get(self, name: str) -> str:
        """See Settings."""
        return self._index.read(_value, name)

    async def put(self, values: Mapping[str, str]) -> None:
        """See Settings."""
        rows = list(values.items())

        def change(connection: sqlite3.Connection) -> None:
            connection.executemany(_PUT, rows)

        await self._index.write(change)


def _value(connection: sqlite3.Connection, name: str) -> str:
    row = connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
    return str(row[0]) if row else ""
