"""The log of pulls in the index's database.

Rule: see metadata/pull_log.py. A row is a sheaf: pulls in the order in which they came, and the events that they are
like, each once.
"""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from wharf import clock as wall
from wharf.metadata import writes
from wharf.metadata.interface import Event

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from wharf.clock import Clock
    from wharf.metadata.interface import Pull, Route
    from wharf.metadata.sqlite import SqliteIndex

SHEAF = 64
"""Most pulls in a row: what becomes events at a time."""

_WAITING = "SELECT coalesce(sum(pulls), 0), coalesce(sum(length(sheaf)), 0) FROM pull"
_OLDEST = "SELECT id, pulls, sheaf FROM pull ORDER BY id LIMIT 1"
_SIZES = "SELECT id, pulls, told, length(sheaf) FROM pull ORDER BY id"

Row = tuple[int, str, bytes]
"""How many pulls, how many each webhook is to be told of, and the sheaf."""


class _Sheaf(msgspec.Struct, array_like=True):
    """`kinds`: events, and the webhooks that are told of each. `pulls`: kind, request id, address, Unix time."""

    kinds: list[tuple[Event, list[str]]]
    pulls: list[tuple[int, str, str, float]]


_decode = msgspec.json.Decoder(_Sheaf).decode


def bound(pulls: Sequence[Pull], route: Route) -> list[Row]:
    """The rows to note(), without pulls that no webhook is told of."""
    routes = {id(event): list(route(event)) for event in {id(pull[0]): pull[0] for pull in pulls}.values()}
    wanted = [pull for pull in pulls if routes[id(pull[0])]]
    return [_row(wanted[start : start + SHEAF], routes) for start in range(0, len(wanted), SHEAF)]


def note(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Add rows that bound() made."""
    connection.executemany("INSERT INTO pull (pulls, told, sheaf) VALUES (?, ?, ?)", rows)


class SqlitePullLog:
    """A PullLog (metadata/pull_log.py) beside a SqliteIndex."""

    def __init__(self, index: SqliteIndex, clock: Clock) -> None:
        self._index = index
        self._clock = clock

    async def waiting(self) -> tuple[int, int]:
        """See PullLog."""
        return await self._index.read_aside(_waiting)

    async def unfold(self, least: int) -> int:
        """See PullLog."""
        now = self._clock()
        return await self._index.note(lambda connection: _unfold(connection, least, now))

    async def trim(self, room: int) -> int:
        """See PullLog."""
        return await self._index.note(lambda connection: _trim(connection, room))


def _row(pulls: Sequence[Pull], routes: dict[int, list[str]]) -> Row:
    numbers: dict[int, int] = {}
    kinds: list[tuple[Event, list[str]]] = []
    each: list[tuple[int, str, str, float]] = []
    for event, request, address, moment in pulls:
        number = numbers.get(id(event))
        if number is None:
            number = numbers[id(event)] = len(kinds)
            kinds.append((event, routes[id(event)]))
        each.append((number, request, address, moment))
    times = Counter(number for number, *_ in each)
    told: Counter[str] = Counter()
    for number, (_, webhooks) in enumerate(kinds):
        told.update(dict.fromkeys(webhooks, times[number]))
    return len(pulls), msgspec.json.encode(told).decode(), msgspec.json.encode(_Sheaf(kinds, each))


def _waiting(connection: sqlite3.Connection) -> tuple[int, int]:
    pulls, size = connection.execute(_WAITING).fetchone()
    return pulls, size


def _unfold(connection: sqlite3.Connection, least: int, now: float) -> int:
    unfolded = 0
    while unfolded < least and (row := connection.execute(_OLDEST).fetchone()):
        key, pulls, sheaf = row
        writes.post(connection, list(_deliveries(_decode(sheaf))), now)
        connection.execute("DELETE FROM pull WHERE id = ?", (key,))
        unfolded += pulls
    return unfolded


def _deliveries(sheaf: _Sheaf) -> Iterator[tuple[str, Event]]:
    for number, request, address, moment in sheaf.pulls:
        event, webhooks = sheaf.kinds[number]
        told = replace(
            event,
            id=str(uuid.uuid4()),
            timestamp=wall.rfc3339(moment),
            request_id=request,
            request_address=address,
        )
        for webhook in webhooks:
            yield webhook, told


def _trim(connection: sqlite3.Connection, room: int) -> int:
    excess = _waiting(connection)[1] - room
    last, dropped, lost = 0, 0, Counter[str]()
    for key, pulls, told, size in connection.execute(_SIZES):
        if excess <= 0:
            break
        last, dropped, excess = key, dropped + pulls, excess - size
        lost.update(msgspec.json.decode(told, type=dict[str, int]))
    connection.execute("DELETE FROM pull WHERE id <= ?", (last,))
    writes.count_dropped(connection, lost)
    return dropped
