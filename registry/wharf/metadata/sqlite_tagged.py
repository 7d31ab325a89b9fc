"""Tags with their manifests, from the index's database.

Rule: see metadata/tagged.py. Only names and times are sorted; contents are read for those that are answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wharf.metadata.tagged import LEGIBLE, Tagged

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from wharf.metadata.sqlite import SqliteIndex
    from wharf.metadata.tagged import Order, Selection

_ORDER: dict[Order, str] = {
    "newest": "updated DESC, name",
    "oldest": "updated, name",
    "name": "name",
    "name-descending": "name DESC",
}

_OF = "FROM tag WHERE repository_id = (SELECT id FROM repository WHERE name = :name) AND instr(name, :containing) > 0"
_COUNT = f"SELECT count(*) {_OF}"
_ONE = """SELECT t.name, t.updated, m.digest, m.media_type, CASE WHEN m.size <= ? THEN m.content ELSE x'' END
    FROM repository r JOIN tag t ON t.repository_id = r.id JOIN manifest m ON m.id = t.manifest_id
    WHERE r.name = ? AND t.name = ?"""
_CONTENT = """SELECT m.digest, CASE WHEN m.size <= ? THEN m.content ELSE x'' END
    FROM repository r JOIN manifest m ON m.repository_id = r.id WHERE r.name = ? AND m.digest = ?"""


class SqliteTagReader:
    """A TagReader (metadata/tagged.py) beside a SqliteIndex."""

    def __init__(self, index: SqliteIndex) -> None:
        self._index = index

    async def tagged(self, repository: str, wanted: Selection) -> tuple[int, list[Tagged]]:
        """See TagReader."""
        return await self._index.read_aside(_tagged, repository, wanted)

    async def one(self, repository: str, tag: str) -> Tagged | None:
        """See TagReader."""
        return self._index.read(_one, repository, tag)

    async def contents(self, repository: str, digests: Sequence[str]) -> dict[str, bytes]:
        """See TagReader."""
        return await self._index.read_aside(_contents, repository, digests)


def _tagged(connection: sqlite3.Connection, repository: str, wanted: Selection) -> tuple[int, list[Tagged]]:
    values = {"name": repository, "containing": wanted.containing, "limit": wanted.limit, "offset": wanted.offset}
    names = f"SELECT name {_OF} ORDER BY {_ORDER[wanted.order]} LIMIT :limit OFFSET :offset"
    connection.execute("BEGIN")  # one moment for all of it
    try:
        count: int = connection.execute(_COUNT, values).fetchone()[0]
        found = [_one(connection, repository, row[0]) for row in connection.execute(names, values).fetchall()]
    finally:
        connection.execute("COMMIT")
    return count, [one for one in found if one is not None]


def _one(connection: sqlite3.Connection, repository: str, tag: str) -> Tagged | None:
    row = connection.execute(_ONE, (LEGIBLE, repository, tag)).fetchone()
    return None if row is None else Tagged(*row)


def _contents(connection: sqlite3.Connection, repository: str, digests: Sequence[str]) -> dict[str, bytes]:
    found = (connection.execute(_CONTENT, (LEGIBLE, repository, digest)).fetchone() for digest in digests)
    return dict(row for row in found if row is not None)
