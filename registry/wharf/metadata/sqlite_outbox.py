"""The outbox in the index's database.

Rule: see metadata/outbox.py. The row of a delivery and the count of its outcome change in one transaction.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from wharf.metadata import writes
from wharf.metadata.interface import Event
from wharf.metadata.outbox import Delivery, EndpointState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Sequence

    from wharf.clock import Clock
    from wharf.metadata.outbox import Failure
    from wharf.metadata.sqlite import SqliteIndex

ABANDONED = 3600.0
"""Seconds that what waits for a webhook outlasts it: one that is made anew goes on where it was."""

PATIENCE = 0.1
"""Seconds that the record of what was taken may wait for the commit of a push, for which pushes wait less then."""

CHUNK = 1000
"""Most rows that one commit makes dead letters of: pushes wait for it."""

# From one webhook, and from one repository, to the next, without a look at what is between.
_WAITING = """WITH RECURSIVE found (webhook) AS (
        SELECT (SELECT min(webhook) FROM outbox)
        UNION ALL SELECT (SELECT min(webhook) FROM outbox WHERE webhook > found.webhook) FROM found
        WHERE found.webhook IS NOT NULL)
    SELECT webhook FROM found WHERE EXISTS (SELECT 1 FROM outbox o WHERE o.webhook = found.webhook AND o.dead = 0)"""

_LANES = """WITH RECURSIVE lane (name) AS (
        SELECT (SELECT min(repository) FROM outbox WHERE webhook = :webhook AND dead = 0 AND repository > :after)
        UNION ALL SELECT (SELECT min(repository) FROM outbox
            WHERE webhook = :webhook AND dead = 0 AND repository > lane.name) FROM lane WHERE lane.name IS NOT NULL)
    SELECT name FROM lane WHERE name IS NOT NULL LIMIT :limit"""

_PENDING = """SELECT o.id, o.event, max(o.created, coalesce(e.resumed, 0)), o.attempts, o.error, o.answer
    FROM outbox o LEFT JOIN endpoint e ON e.webhook = o.webhook
    WHERE o.webhook = ? AND o.dead = 0 AND o.repository = ? ORDER BY o.id LIMIT ?"""

_DEAD = """SELECT id, event, created, attempts, error, answer FROM outbox
    WHERE webhook = ? AND dead = 1 ORDER BY id LIMIT ?"""

_DELIVERED = """INSERT INTO endpoint (webhook, delivered, last_success) VALUES (?, ?, ?)
    ON CONFLICT (webhook) DO UPDATE SET delivered = endpoint.delivered + excluded.delivered,
    last_success = excluded.last_success, next_attempt = NULL, failures = 0"""

_FAILED = """INSERT INTO endpoint (webhook, last_error_at, last_error, next_attempt, failed, failures)
    VALUES (?, ?, ?, ?, 1, 1)
    ON CONFLICT (webhook) DO UPDATE SET last_error_at = excluded.last_error_at, last_error = excluded.last_error,
    next_attempt = excluded.next_attempt, failed = endpoint.failed + 1, failures = endpoint.failures + 1"""

# What was committed while the clock was ahead would be young for years: it is as old as its first failure then. So are
# below the end of a suspension, and of a webhook.
_COUNT = """UPDATE outbox SET attempts = attempts + 1, created = min(created, ?), error = ?, answer = ?
    WHERE id = ? AND webhook = ?"""

_ONE = """UPDATE outbox SET dead = 1, error = CASE error WHEN '' THEN :error ELSE error END
    WHERE webhook = :webhook AND dead = 0 AND id = :id"""

_OLD = """UPDATE outbox SET dead = 1, error = CASE error WHEN '' THEN :error ELSE error END
    WHERE webhook = :webhook AND dead = 0 AND id IN
    (SELECT id FROM outbox WHERE webhook = :webhook AND dead = 0 AND created < :before
    AND NOT EXISTS (SELECT 1 FROM endpoint e WHERE e.webhook = :webhook AND e.resumed >= :before) LIMIT :chunk)"""

_OVER = """UPDATE outbox SET dead = 1, error = CASE error WHEN '' THEN :error ELSE error END
    WHERE webhook = :webhook AND dead = 0 AND id IN
    (SELECT id FROM outbox WHERE id <= :last AND webhook = :webhook AND dead = 0 LIMIT :chunk)"""

_TRIM = """DELETE FROM outbox WHERE webhook = ? AND dead = 1 AND id <=
    (SELECT id FROM outbox WHERE webhook = ? AND dead = 1 ORDER BY id DESC LIMIT 1 OFFSET ?)"""

_STATES = """SELECT w.webhook, coalesce(e.delivered, 0),
        (SELECT count(*) FROM outbox o WHERE o.webhook = w.webhook AND o.dead = 0),
        (SELECT count(*) FROM outbox o WHERE o.webhook = w.webhook AND o.dead = 1),
        e.last_success, e.last_error_at, coalesce(e.last_error, ''), e.next_attempt, coalesce(e.failed, 0),
        coalesce(e.failures, 0),
        (SELECT count(*) FROM outbox o WHERE o.webhook = w.webhook AND o.dead = 0 AND o.attempts > 0),
        coalesce(e.dropped, 0)
    FROM (SELECT webhook FROM endpoint UNION SELECT DISTINCT webhook FROM outbox) w
    LEFT JOIN endpoint e ON e.webhook = w.webhook"""

_PULLS = "SELECT told.key, sum(told.value) FROM pull, json_each(pull.told) told GROUP BY told.key"

_REPLAY = """UPDATE outbox SET dead = 0, attempts = 0, created = ? WHERE webhook = ? AND dead = 1
    AND (? = '[]' OR json_extract(event, '$.id') IN (SELECT value FROM json_each(?)))"""

_ATTEND = """INSERT INTO endpoint (webhook, suspended, replay) VALUES (?1, ?2, ?3)
    ON CONFLICT (webhook) DO UPDATE SET replay = excluded.replay, suspended = excluded.suspended,
    resumed = CASE WHEN endpoint.suspended > excluded.suspended THEN ?4 ELSE min(endpoint.resumed, ?4) END"""

_MISSED = """INSERT INTO endpoint (webhook, gone)
    SELECT webhook, ? FROM (SELECT webhook FROM endpoint UNION SELECT DISTINCT webhook FROM outbox)
    WHERE webhook NOT IN (SELECT value FROM json_each(?))
    ON CONFLICT (webhook) DO UPDATE SET gone = min(coalesce(endpoint.gone, excluded.gone), excluded.gone)"""


class SqliteOutbox:
    """An Outbox (metadata/outbox.py) beside a SqliteIndex."""

    def __init__(self, index: SqliteIndex, clock: Clock) -> None:
        self._index = index
        self._clock = clock

    async def waiting(self) -> list[str]:
        """See Outbox."""
        return self._index.read(_names, _WAITING, {})

    async def lanes(self, webhook: str, after: str, limit: int) -> list[str]:
        """See Outbox."""
        return self._index.read(_names, _LANES, {"webhook": webhook, "after": after, "limit": limit})

    async def pending(self, webhook: str, repository: str, limit: int) -> list[Delivery]:
        """See Outbox."""
        return self._index.read(_deliveries, _PENDING, (webhook, repository, limit))

    async def delivered(self, webhook: str, deliveries: Sequence[int]) -> None:
        """See Outbox."""
        now, rows = self._clock(), [(each, webhook) for each in deliveries]

        def change(connection: sqlite3.Connection) -> None:
            # A row that is gone was delivered already, or its webhook was dropped meanwhile.
            if gone := connection.executemany("DELETE FROM outbox WHERE id = ? AND webhook = ?", rows).rowcount:
                connection.execute(_DELIVERED, (webhook, gone, now))

        await self._index.note(change, PATIENCE)

    async def failed(self, webhook: str, failure: Failure, next_attempt: float) -> None:
        """See Outbox."""
        now = self._clock()
        row = (now, failure.error, failure.answer, failure.id, webhook)

        def change(connection: sqlite3.Connection) -> None:
            if connection.execute(_COUNT, row).rowcount:
                connection.execute(_FAILED, (webhook, now, failure.error, next_attempt))

        await self._index.note(change)

    async def give_up(self, webhook: str, failure: Failure, created_before: float, room: int) -> int:
        """See Outbox."""
        now = self._clock()
        row = (now, failure.error, failure.answer, failure.id, webhook)
        about = {"webhook": webhook, "error": failure.error, "id": failure.id, "before": created_before}

        def change(connection: sqlite3.Connection) -> int:
            connection.execute(_COUNT, row)
            connection.execute(_FAILED, (webhook, now, failure.error, None))
            return _bury(connection, _ONE, about, room)

        buried = await self._index.note(change)
        return buried + (await self._bury_all(_OLD, about, room) if created_before > 0 else 0)

    async def overflow(self, webhook: str, backlog: int, room: int) -> int:
        """See Outbox."""
        last = await self._index.read_aside(_last_to_go, webhook, backlog)
        about = {"webhook": webhook, "error": f"more than {backlog} events waited", "last": last}
        return await self._bury_all(_OVER, about, room) if last else 0

    async def _bury_all(self, sql: str, about: dict[str, object], room: int) -> int:
        total, buried, about = 0, CHUNK, {**about, "chunk": CHUNK}
        while buried == CHUNK:
            buried = await self._index.note(lambda connection: _bury(connection, sql, about, room))
            total += buried
        return total

    async def states(self) -> dict[str, EndpointState]:
        """See Outbox."""
        return await self._index.read_aside(_states)

    async def dead_letters(self, webhook: str, limit: int) -> list[Delivery]:
        """See Outbox."""
        return self._index.read(_deliveries, _DEAD, (webhook, limit))

    async def replay(self, webhook: str, events: Collection[str] = ()) -> int:
        """See Outbox."""
        now, wanted = self._clock(), msgspec.json.encode(sorted(events)).decode()
        row = (now, webhook, wanted, wanted)
        replayed = await self._index.note(lambda connection: connection.execute(_REPLAY, row).rowcount)
        self._index.announce([webhook])
        return replayed

    async def attend(self, webhook: str, *, suspended: bool, replay: str) -> int:
        """See Outbox."""
        now = self._clock()

        def change(connection: sqlite3.Connection) -> int:
            known = connection.execute("SELECT replay FROM endpoint WHERE webhook = ?", (webhook,)).fetchone()
            last = known[0] if known else ""
            connection.execute(_ATTEND, (webhook, suspended, replay or last, now))
            asked = replay not in ("", last)
            return connection.execute(_REPLAY, (now, webhook, "[]", "[]")).rowcount if asked else 0

        return await self._index.note(change)

    async def keep_only(self, webhooks: Collection[str]) -> int:
        """See Outbox."""
        now, kept = self._clock(), msgspec.json.encode(sorted(webhooks)).decode()
        return await self._index.note(lambda connection: _keep_only(connection, kept, now))


def _names(connection: sqlite3.Connection, sql: str, row: dict[str, object]) -> list[str]:
    return [name for (name,) in connection.execute(sql, row)]


def _deliveries(connection: sqlite3.Connection, sql: str, row: tuple[str | int, ...]) -> list[Delivery]:
    return [
        Delivery(key, msgspec.json.decode(event, type=Event), *others)
        for key, event, *others in connection.execute(sql, row)
    ]


def _states(connection: sqlite3.Connection) -> dict[str, EndpointState]:
    states = {row[0]: EndpointState(*row[1:]) for row in connection.execute(_STATES)}
    for webhook, pulls in connection.execute(_PULLS):
        state = states.get(webhook, EndpointState())
        states[webhook] = replace(state, pending=state.pending + pulls)
    return states


def _last_to_go(connection: sqlite3.Connection, webhook: str, backlog: int) -> int:
    """The newest of those that are too many; 0 when there are none."""
    newest = "SELECT id FROM outbox WHERE webhook = ? AND dead = 0 ORDER BY id DESC LIMIT 1 OFFSET ?"
    row = connection.execute(newest, (webhook, backlog)).fetchone()
    return int(row[0]) if row else 0


def _bury(connection: sqlite3.Connection, sql: str, about: dict[str, object], room: int) -> int:
    """Make dead letters, and let the oldest go when there are more than there is room for."""
    buried = connection.execute(sql, about).rowcount
    webhook = about["webhook"]
    if dropped := connection.execute(_TRIM, (webhook, webhook, room)).rowcount:
        writes.count_dropped(connection, {str(webhook): dropped})
    return buried


def _keep_only(connection: sqlite3.Connection, kept: str, now: float) -> int:
    connection.execute("UPDATE endpoint SET gone = NULL WHERE webhook IN (SELECT value FROM json_each(?))", (kept,))
    connection.execute(_MISSED, (now, kept))
    long_gone = "webhook IN (SELECT webhook FROM endpoint WHERE gone <= ?)"
    dropped = connection.execute(f"DELETE FROM outbox WHERE {long_gone}", (now - ABANDONED,)).rowcount  # noqa: S608 - a constant
    connection.execute("DELETE FROM endpoint WHERE gone <= ?", (now - ABANDONED,))
    return dropped
