"""Whose turn it is to have a registry's data open, and whether the lock that says so can be believed. No I/O here.

Rule: the lock decides, and the entry beside it says who holds it. Whoever is given the lock while another host's entry
has no end first makes sure that this one is gone: it refused the lock for long, or has fallen silent. If it goes on
after the lock was given away, the file system keeps no locks between hosts. Times are seconds of one monotonic clock.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from ipaddress import ip_address

import msgspec

BEAT = 2.0
"""Between two signs of life of the active one."""

SILENCE = 7.0
"""Without a sign of life, while nobody holds the lock, until the active one is gone. As long must it have refused the
lock, so that there is no doubt that it was the one who did."""

PATIENCE = 15.0
"""Without an active one that can be reached, until one that stands by calls itself not ready."""


_NAME = re.compile(r"(?=.{1,253}$)\w([\w-]{0,61}\w)?(\.\w([\w-]{0,61}\w)?)*\.?", re.ASCII)


def reached_at(text: str) -> str:
    """The host that `text` names for others to reach this one by, without brackets. Raises ValueError for what can
    never be one: nothing, a name with a port, and what stands for every address.
    """
    try:
        address = ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        if _NAME.fullmatch(text):
            return text
        raise ValueError(f"{text!r} is neither a name nor an IP address, without a port") from None
    if address.is_unspecified:
        raise ValueError(f"{text} is every address: name one where others reach this host")
    return str(address)


class Entry(msgspec.Struct, frozen=True):
    """Who has the data open, as the lock file says it.

    `address`: HOST:PORT where others reach it; `name`: of its host; `id`: of this stay; `released`: it has let go.
    """

    address: str
    name: str
    id: str
    beat: int = 0
    released: bool = False


UNREADABLE = Entry("", "an unknown host", "?")
"""What a lock file says that cannot be read: somebody, who will have to be silent for long."""


class Verdict(Enum):
    """What follows when the lock was given."""

    OPEN = auto()
    WAIT = auto()
    UNSAFE = auto()  # the lock keeps nobody out


class Turn:
    """What one process has seen of the active ones. `name` and `address` are its own, as in Entry; `address` is empty
    for one that does not serve others.
    """

    def __init__(self, name: str, address: str = "") -> None:
        self._name = name
        self._address = address
        self.found: Entry | None = None
        self._moved = 0.0  # when the entry last changed
        self._refused: float | None = None  # since when, with this entry and without a break
        self._given: tuple[int, float] | None = None  # the beat when the lock was first given, and when that was
        self._gone = ""  # the id of one of which it is certain

    def refused(self, entry: Entry | None, now: float) -> None:
        """Another holds the lock, and this is the entry."""
        self.look(entry, now)
        if self._refused is None:
            self._refused = now
        elif entry is not None and now - self._refused >= SILENCE:
            self._gone = entry.id  # as soon as it no longer refuses

    def given(self, entry: Entry | None, now: float) -> Verdict:
        """This process was given the lock, and this is the entry; what it may do. It gives it back to WAIT."""
        self.look(entry, now)
        if entry is None or entry.released or self._is_own(entry) or entry.id == self._gone:
            return Verdict.OPEN
        self._refused = None
        if self._given is None:
            self._given = (entry.beat, now)
        beat, since = self._given
        if entry.beat != beat:
            return Verdict.UNSAFE
        if now - since < SILENCE:
            return Verdict.WAIT
        self._gone = entry.id
        return Verdict.OPEN

    def look(self, entry: Entry | None, now: float) -> None:
        """This is the entry."""
        before, self.found = self.found, entry
        if entry != before or not self._moved:
            self._moved = now
        if before is None or entry is None or entry.id != before.id:
            self._refused = self._given = None

    def goal(self, now: float, own: str = "") -> str:
        """Where a connection is passed on to; empty while nobody is known to be there. `own`: the id of this stay.

        The address of one that has long been silent may be another's by now.
        """
        found = self.found
        if found is None or found.released or now - self._moved > SILENCE:
            return ""
        return "" if found.address == self._address and found.id != own else found.address

    def _is_own(self, entry: Entry) -> bool:
        """Whether an entry is of this host: of the process that was here before, which is gone."""
        return entry.name == self._name and self._address in ("", entry.address)


def lost(found: Entry | None, mine: Entry) -> bool:
    """Whether the active one, whose last entry is `mine`, has to stop at once: another has taken its place."""
    return found is None or found.id != mine.id or found.released


def unready(reached: float, now: float) -> str:
    """Why requests should not come to one that stands by, which last reached the active one then; empty: they may."""
    if now - reached < PATIENCE:
        return ""
    return "standing by, and the active one cannot be reached: see whether its pod runs, and what its log says"
