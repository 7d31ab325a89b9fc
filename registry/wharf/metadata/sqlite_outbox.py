"""The outbox in the index's database.

Rule: see metadata/outbox.py. The row of a delivery and the count of its outcome change in one transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from wharf.metadata.interface import Event
from wharf.metadata.outbox import Delivery, EndpointState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

    from wharf.clock import Clock
    from wharf.metadata.sqlite import SqliteIndex

DEAD_LETTERS_KEPT = 10_000
"""Most dead letters of a webhook; beyond it the oldest go, so that an endpoint nobody mends cannot fill the disk."""

_QUEUE = """SELECT id, event, created, attempts, error FROM outbox
    WHERE webhook = ? AND dead = ? ORDER BY id LIMIT ?"""

_DELIVERED = """INSERT INTO endpoint (webhook, delivered, last_success) VALUES (?, 1, ?)
    ON CONFLICT (webhook) DO UPDATE SET delivered = endpoint.delivered + 1, last_success = excluded.last_success,
    next_attempt = NULL"""

_FAILED = """INSERT INTO endpoint (webhook, last_error_at, last_error, next_attempt) VALUES (?, ?, ?, ?)
    ON CONFLICT (webhook) DO UPDATE SET last_error_at = excluded.last_error_at, last_error = excluded.last_error,
    next_attempt = excluded.next_attempt"""

_BURY = """UPDATE outbox SET dead = 1, error = CASE WHEN id = ? OR error = '' THEN ? ELSE error END
    WHERE webhook = ? AND dead = 0 AND (id = ? OR created < ?)"""

_TRIM = """DELETE FROM outbox WHERE webhook = ? AND dead = 1 AND id <=
    (SELECT id FROM outbox WHERE webhook = ? AND dead = 1 ORDER BY id DESC LIMIT 1 OFFSET ?)"""

_STATES = """SELECT w.webhook, coalesce(e.delivered, 0),
        (SELECT count(*) FROM outbox o WHERE o.webhook = w.webhook AND o.dead = 0),
        (SELECT count(*) FROM outbox o WHERE o.webhook = w.webhook AND o.dead = 1),
        e.last_success, e.last_error_at, coalesce(e.last_error, ''), e.next_attempt
    FROM (SELECT webhook FROM endpoint UNION SELECT DISTINCT webhook FROM outbox) w
    LEFT JOIN endpoint e ON e.webhook = w.webhook"""


class SqliteOutbox:
    """An Outbox (metadata/outbox.py) beside a SqliteIndex."""

    def __init__(self, index: SqliteIndex, clock: Clock) -> None:
        self._index = index
        self._clock = clock

    async def pending(self, webhook: str, limit: int) -> list[Delivery]:
        """See Outbox."""
        return self._index.read(_queue, webhook, 0, limit)

    async def delivered(self, webhook: str, delivery_id: int) -> None:
        """See Outbox."""
        now = self._clock()

        def change(connection: sqlite3.Connection) -> None:
            # A row that is gone was delivered already, or its webhook was dropped meanwhile.
            if connection.execute("DELETE FROM outbox WHERE id = ? AND webhook = ?", (delivery_id, webhook)).rowcount:
                connection.execute(_DELIVERED, (webhook, now))

        await self._index.write(change)

    async def failed(self, webhook: str, delivery_id: int, error: str, next_attempt: float) -> None:
        """See Outbox."""
        now = self._clock()

        def change(connection: sqlite3.Connection) -> None:
            counted = "UPDATE outbox SET attempts = attempts + 1, error = ? WHERE id = ? AND webhook = ?"
            if connection.execute(counted, (error, delivery_id, webhook)).rowcount:
                connection.execute(_FAILED, (webhook, now, error, next_attempt))

        await self._index.write(change)

    async def give_up(self, webhook: str, delivery_id: int, error: str, created_before: float) -> int:
        """See Outbox."""
        now = self._clock()

        def change(connection: sqlite3.Connection) -> int:
            connection.execute("UPDATE outbox SET attempts = attempts + 1 WHERE id = ?", (delivery_id,))
            buried = connection.execute(_BURY, (delivery_id, error, webhook, delivery_id, created_before)).rowcount
            connection.execute(_FAILED, (webhook, now, error, None))
            connection.execute(_TRIM, (webhook, webhook, DEAD_LETTERS_KEPT))
            return buried

        return await self._index.write(change)

    async def states(self) -> dict[str, EndpointState]:
        """See Outbox."""
        return self._index.read(_states)

    async def dead_letters(self, webhook: str, limit: int) -> list[Delivery]:
        """See Outbox."""
        return self._index.read(_queue, webhook, 1, limit)

    async def replay(self, webhook: str) -> int:
        """See Outbox."""
        now = self._clock()
        replayed = await self._index.write(
            lambda connection: (
                connection.execute(
                    "UPDATE outbox SET dead = 0, attempts = 0, created = ? WHERE webhook = ? AND dead = 1",
                    (now, webhook),
                ).rowcount
            )
        )
        self._index.announce()
        return replayed

    async def keep_only(self, webhooks: Collection[str]) -> int:
        """See Outbox."""
        kept = msgspec.json.encode(sorted(webhooks)).decode()
        return await self._index.write(lambda connection: _keep_only(connection, kept))


def _queue(connection: sqlite3.Connection, webhook: str, dead: int, limit: int) -> list[Delivery]:
    return [
        Delivery(key, msgspec.json.decode(event, type=Event), created, attempts, error)
        for key, event, created, attempts, error in connection.execute(_QUEUE, (webhook, dead, limit))
    ]


def _states(connection: sqlite3.Connection) -> dict[str, EndpointState]:
    return {row[0]: EndpointState(*row[1:]) for row in connection.execute(_STATES)}


def _keep_only(connection: sqlite3.Connection, kept: str) -> int:
    others = "webhook NOT IN (SELECT value FROM json_each(?))"
    connection.execute(f"DELETE FROM endpoint WHERE {others}", (kept,))  # noqa: S608 - a constant
    return connection.execute(f"DELETE FROM outbox WHERE {others}", (kept,)).rowcount  # noqa: S608 - a constant
