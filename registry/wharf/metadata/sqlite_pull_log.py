"""The log of pulls in the index's database.

Rule: see metadata/pull_log.py. A row is a sheaf: pulls in the order in which they came, and the events that they are
like, each once.
"""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from wharf import clock as wall
from wharf.metadata import writes
from wharf.metadata.interface import Event
from wharf.metadata.request_ids import Series

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from wharf.clock import Clock
    from wharf.metadata.interface import LikePulls, Route
    from wharf.metadata.sqlite import SqliteIndex

SHEAF = 64
"""Most entries in a row: pulls that differ by their requests alone are one, however many they are."""

TOLD = 64
"""Most pulls that become events at a time."""

COUNTED = 1000
"""Most rows that are counted at a time, in a millisecond about: as many as a flood makes in the time of two looks."""

_WAITING = """SELECT count(*), coalesce(sum(pulls), 0), coalesce(sum(size), 0), coalesce(max(id), 0)
    FROM (SELECT id, pulls, length(sheaf) AS size FROM pull WHERE id > ? ORDER BY id LIMIT ?)"""
_OLDEST = "SELECT id, pulls, sheaf FROM pull ORDER BY id LIMIT 1"
_SIZES = "SELECT id, pulls, told, length(sheaf) FROM pull ORDER BY id"

Row = tuple[int, str, bytes]
"""How many pulls, how many each webhook is to be told of, and the sheaf."""

Entry = tuple[int, str | Series, str, float]
"""Kind, the request's id or the ids, the client's address, Unix time."""

Gone = tuple[int, bool, int, int]
"""A row by its id, whether all of it went, and how many pulls and bytes did."""


class _Sheaf(msgspec.Struct, array_like=True):
    """`kinds`: events, and the webhooks that are told of each."""

    kinds: list[tuple[Event, list[str]]]
    pulls: list[Entry]

    def row(self) -> Row:
        """What is stored."""
        pulls = [0] * len(self.kinds)
        for kind, requests, _, _ in self.pulls:
            pulls[kind] += _count(requests)
        told: dict[str, int] = {}
        for (_, webhooks), count in zip(self.kinds, pulls, strict=True):
            for webhook in webhooks if count else ():
                told[webhook] = told.get(webhook, 0) + count
        return sum(pulls), msgspec.json.encode(told).decode(), msgspec.json.encode(self)

    def take(self, most: int) -> list[Entry]:
        """The first so many pulls, which it has no longer."""
        taken: list[Entry] = []
        while self.pulls and most > 0:
            kind, requests, address, moment = self.pulls.pop(0)
            if not isinstance(requests, str) and requests.count > most:
                requests, rest = requests.split(most)
                self.pulls.insert(0, (kind, rest, address, moment))
            taken.append((kind, requests, address, moment))
            most -= _count(requests)
        return taken


def _count(requests: str | Series) -> int:
    return 1 if isinstance(requests, str) else requests.count


_decode = msgspec.json.Decoder(_Sheaf).decode


def bound(pulls: Sequence[LikePulls], route: Route) -> list[Row]:
    """The rows to note(), without pulls that no webhook is told of."""
    webhooks = {id(event): list(route(event)) for event in {id(event): event for event, *_ in pulls}.values()}
    wanted = (like for like in pulls if webhooks[id(like[0])])
    rows = []
    while like := list(islice(wanted, SHEAF)):
        numbers: dict[int, int] = {}
        entries = [
            (numbers.setdefault(id(event), len(numbers)), requests, address, moment)
            for event, requests, address, moment in like
        ]
        events = {id(event): event for event, *_ in like}
        rows.append(_Sheaf([(events[key], webhooks[key]) for key in numbers], entries).row())
    return rows


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

    def _gone(self, gone: list[Gone]) -> int:
        """These went; how many pulls."""
        for key, whole, pulls, size in gone:
            if key <= self._seen:
                self._pulls -= pulls
                self._size -= size
            elif whole:
                self._seen = key
        return sum(pulls for *_, pulls, _ in gone)


def _waiting(connection: sqlite3.Connection, after: int, limit: int) -> tuple[int, int, int, int]:
    rows, pulls, size, newest = connection.execute(_WAITING, (after, limit)).fetchone()
    return rows, pulls, size, newest


def _unfold(connection: sqlite3.Connection, least: int, now: float) -> list[Gone]:
    unfolded, gone = 0, []
    while unfolded < least and (found := connection.execute(_OLDEST).fetchone()):
        key, pulls, stored = found
        sheaf = _decode(stored)
        writes.post(connection, list(_deliveries(sheaf.kinds, sheaf.take(TOLD))), now)
        left, told, rest = sheaf.row()
        if left:
            connection.execute("UPDATE pull SET pulls = ?, told = ?, sheaf = ? WHERE id = ?", (left, told, rest, key))
        else:
            connection.execute("DELETE FROM pull WHERE id = ?", (key,))
        gone.append((key, not left, pulls - left, len(stored) - (len(rest) if left else 0)))
        unfolded += pulls - left
    return gone


def _deliveries(kinds: Sequence[tuple[Event, list[str]]], pulls: Sequence[Entry]) -> Iterator[tuple[str, Event]]:
    for number, requests, address, moment in pulls:
        event, webhooks = kinds[number]
        timestamp = wall.rfc3339(moment)
        for request in [requests] if isinstance(requests, str) else requests.ids():
            told = replace(
                event, id=str(uuid.uuid4()), timestamp=timestamp, request_id=request, request_address=address
            )
            for webhook in webhooks:
                yield webhook, told


def _trim(connection: sqlite3.Connection, excess: int) -> list[Gone]:
    gone: list[Gone] = []
    lost = Counter[str]()
    for key, pulls, told, size in connection.execute(_SIZES):
        if excess <= 0:
            break
        gone.append((key, True, pulls, size))
        excess -= size
        lost.update(msgspec.json.decode(told, type=dict[str, int]))
    connection.execute("DELETE FROM pull WHERE id <= ?", (gone[-1][0] if gone else 0,))
    writes.count_dropped(connection, lost)
    return gone
