"""The deletions in the index's database.

Rule: see metadata/deletions.py. A manifest is restored as if it were pushed, so nothing comes back whose content is
not there and durable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wharf.metadata import tombstones, writes
from wharf.metadata.deletions import BLOB, ContentGoneError
from wharf.metadata.interface import MissingReferencesError

if TYPE_CHECKING:
    import sqlite3

    from wharf.clock import Clock
    from wharf.metadata.deletions import Deletion
    from wharf.metadata.interface import ManifestPut
    from wharf.metadata.sqlite import SqliteIndex


class SqliteDeletions:
    """A Deletions (metadata/deletions.py) beside a SqliteIndex."""

    def __init__(self, index: SqliteIndex, clock: Clock) -> None:
        self._index = index
        self._clock = clock

    async def find(self, digest: str, limit: int) -> list[Deletion]:
        """See Deletions."""
        return await self._index.read_aside(tombstones.find, digest, limit)

    async def restore(self, deletion: Deletion) -> tuple[str, ...]:
        """See Deletions."""
        now = self._clock()
        put = await self._index.write(lambda connection: _prepare(connection, deletion, now))
        if put is not None:
            try:
                await self._index.put_manifest(put, [])
            except MissingReferencesError as error:
                raise ContentGoneError(deletion.digest, error.digests) from error
        await self._index.write(lambda connection: tombstones.forget(connection, deletion))
        return put.tags if put is not None else ()

    async def purge(self, before: float) -> int:
        """See Deletions."""
        return await self._index.write(lambda connection: tombstones.purge(connection, before))


def _prepare(connection: sqlite3.Connection, deletion: Deletion, now: float) -> ManifestPut | None:
    """Let the repository hold what it needs; the manifest that is to be put then."""
    put = None if deletion.kind == BLOB else tombstones.exhume(connection, deletion)
    needed = put.blobs if put is not None else (deletion.digest,)
    missing = [each for each in needed if not writes.hold(connection, deletion.repository, each, now)]
    if missing:
        raise ContentGoneError(deletion.digest, missing)
    return put
