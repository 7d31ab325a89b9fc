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
    from wharf.metadata.interface import LikePulls, Route
    from wharf.metadata.sqlite import SqliteIndex

SHEAF = 64
"""Most pulls in a row: what becomes events at a time."""

COUNTED = 1000
"""Most rows that are counted at a time, in a millisecond about: as many as a flood makes in the time of two looks."""

_WAITING = """SELECT count(*), coalesce(sum(pulls), 0), coalesce(sum(size), 0), coalesce(max(id), 0)
    FROM (SELECT id, pulls, length(sheaf) AS size FROM pull WHERE id > ? ORDER BY id LIMIT ?)"""
_OLDEST = "SELECT id, pulls, sheaf FROM pull ORDER BY id LIMIT 1"
_SIZES = "SELECT id, pulls, told, length(sheaf) FROM pull ORDER BY id"

Row = tuple[int, str, bytes]
"""How many pulls, how many each webhook is to be told of, and the sheaf."""


_ID, _COMMON = 32, 30
"""Characters of the request ids that wharf gives, and those of them that ids in a row have in common."""

Requests = list[str] | dict[str, str] | str
"""The ids of requests: as they are, packed by _packed(), or one that stands alone, as it did at first."""


class _Sheaf(msgspec.Struct, array_like=True):
    """`kinds`: events, and the webhooks that are told of each. `pulls`: kind, requests, address, Unix time."""

    kinds: list[tuple[Event, list[str]]]
    pulls: list[tuple[int, Requests, str, float]]


class _Binder:
    """Binds pulls into sheaves, in their order."""

    def __init__(self, route: Route) -> None:
        self._route = route
        self._kinds: dict[int, tuple[list[str], msgspec.Raw]] = {}  # whom it is for, and all of it; by identity
        self.rows: list[Row] = []
        self._begin()

    def add(self, event: Event, requests: list[str], address: str, moment: float) -> None:
        """Bind pulls that differ by their requests alone."""
        known = self._kinds.get(id(event))
        if known is None:
            webhooks = list(self._route(event))
            known = self._kinds[id(event)] = webhooks, msgspec.Raw(msgspec.json.encode((event, webhooks)))
        webhooks, kind = known
        while webhooks and requests:
            part, requests = requests[: SHEAF - self._size], requests[SHEAF - self._size :]
            number = self._numbers.setdefault(id(event), len(self._bound))
            if number == len(self._bound):
                self._bound.append(kind)
            self._pulls.append((number, _packed(part), address, moment))
            for webhook in webhooks:
                self._told[webhook] = self._told.get(webhook, 0) + len(part)
            self._size += len(part)
            if self._size == SHEAF:
                self.end()

    def end(self) -> None:
        """End a sheaf."""
        if self._size:
            told = msgspec.json.encode(self._told).decode()
            self.rows.append((self._size, told, msgspec.json.encode((self._bound, self._pulls))))
        self._begin()

    def _begin(self) -> None:
        self._size = 0
        self._told: dict[str, int] = {}
        self._numbers: dict[int, int] = {}  # of the kinds in this sheaf
        self._bound: list[msgspec.Raw] = []
        self._pulls: list[tuple[int, Requests, str, float]] = []


def _packed(ids: list[str]) -> Requests:
    """Ids that begin alike: the beginning, and what follows it, of all of them first the last but one character."""
    first, last = min(ids), max(ids)
    if first[:_COMMON] != last[:_COMMON] or {*map(len, ids)} != {_ID}:
        return ids
    text = "".join(ids)
    return {first[:_COMMON]: text[_COMMON::_ID] + text[_COMMON + 1 :: _ID]}


def _unpacked(requests: Requests) -> list[str]:
    if isinstance(requests, str):
        return [requests]
    if isinstance(requests, list):
        return requests
    return [
        beginning + one + other
        for beginning, ends in requests.items()
        for one, other in zip(ends[: len(ends) // 2], ends[len(ends) // 2 :], strict=True)
    ]


_decode = msgspec.json.Decoder(_Sheaf).decode


def bound(pulls: Sequence[LikePulls], route: Route) -> list[Row]:
    """The rows to note(), without pulls that no webhook is told of."""
    binder = _Binder(route)
    for like in pulls:
        binder.add(*like)
    binder.end()
    return binder.rows


def note(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Add rows that bound() made."""
    connection.executemany("INSERT INTO pull (pulls, told, sheaf) VALUES (?, ?, ?)", rows)


class SqlitePullLog:
    """A PullLog (metadata/pull_log.py) beside a SqliteIndex. Only one at a time may take from the log of an index."""

    def __init__(self, index: SqliteIndex, clock: Clock) -> None:
        self._index = index
        self._clock = clock
        self._seen = 0  # the newest row that is counted: a flood is not counted anew at each look
        self._pulls = self._size = 0

    async def waiting(self) -> tuple[int, int]:
        """See PullLog."""
        if self._count(self._index.read(_waiting, self._seen, COUNTED)) == COUNTED:
            self._count(await self._index.read_aside(_waiting, self._seen, -1))
        return self._pulls, self._size

    async def unfold(self, least: int) -> int:
        """See PullLog."""
        now = self._clock()
        return self._gone(await self._index.note(lambda connection: _unfold(connection, least, now)))

    async def trim(self, room: int) -> int:
        """See PullLog."""
        excess = (await self.waiting())[1] - room
        return self._gone(await self._index.note(lambda connection: _trim(connection, excess)))

    def _count(self, found: tuple[int, int, int, int]) -> int:
        """Rows came, with pulls, bytes and the newest id; how many."""
        rows, pulls, size, newest = found
        self._pulls += pulls
        self._size += size
        self._seen = max(self._seen, newest)
        return rows

    def _gone(self, rows: list[tuple[int, int, int]]) -> int:
        """These rows went, by id, pulls and bytes; how many pulls."""
        counted = [row for row in rows if row[0] <= self._seen]
        self._pulls -= sum(pulls for _, pulls, _ in counted)
        self._size -= sum(size for *_, size in counted)
        self._seen = max([self._seen, *(key for key, *_ in rows)])
        return sum(pulls for _, pulls, _ in rows)


def _waiting(connection: sqlite3.Connection, after: int, limit: int) -> tuple[int, int, int, int]:
    rows, pulls, size, newest = connection.execute(_WAITING, (after, limit)).fetchone()
    return rows, pulls, size, newest


def _unfold(connection: sqlite3.Connection, least: int, now: float) -> list[tuple[int, int, int]]:
    unfolded, rows = 0, []
    while unfolded < least and (row := connection.execute(_OLDEST).fetchone()):
        key, pulls, sheaf = row
        writes.post(connection, list(_deliveries(_decode(sheaf))), now)
        connection.execute("DELETE FROM pull WHERE id = ?", (key,))
        rows.append((key, pulls, len(sheaf)))
        unfolded += pulls
    return rows


def _deliveries(sheaf: _Sheaf) -> Iterator[tuple[str, Event]]:
    for number, requests, address, moment in sheaf.pulls:
        event, webhooks = sheaf.kinds[number]
        timestamp = wall.rfc3339(moment)
        for request in _unpacked(requests):
            told = replace(
                event, id=str(uuid.uuid4()), timestamp=timestamp, request_id=request, request_address=address
            )
            for webhook in webhooks:
                yield webhook, told


def _trim(connection: sqlite3.Connection, excess: int) -> list[tuple[int, int, int]]:
    rows: list[tuple[int, int, int]] = []
    lost = Counter[str]()
    for key, pulls, told, size in connection.execute(_SIZES):
        if excess <= 0:
            break
        rows.append((key, pulls, size))
        excess -= size
        lost.update(msgspec.json.decode(told, type=dict[str, int]))
    connection.execute("DELETE FROM pull WHERE id <= ?", (rows[-1][0] if rows else 0,))
    writes.count_dropped(connection, lost)
    return rows
