"""Limits how fast passwords can be guessed: per address that guesses, and per account that is guessed at. Pure.

Rule: a check of a credential that is not remembered costs one from both buckets and is given back when it was right.
Buckets fill again with time; an empty one refuses before bcrypt runs, whether the account exists or not. Memory is
bounded: of the many, those forgotten first were used longest ago.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wharf.clock import Clock

ENTRIES = 10_000
"""Buckets of each kind that are kept."""

SOURCE = (50, 2.0)
"""Failures of one address at once, and seconds for each to be forgotten. Many users may share one, behind a proxy."""

ACCOUNT = (20, 5.0)
"""The same of one account. Who is logged in is not checked anew, and so never refused for others' guesses."""

IPV6_PREFIX = 64
"""Bits of an IPv6 address that stand for one client: it chooses the others itself."""


@dataclass(slots=True)
class _Buckets:
    """Leaky buckets: `burst` failures fit, and one leaks in `seconds`. Holds (level, when)."""

    burst: int
    seconds: float
    levels: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def level(self, key: str, now: float) -> float:
        level, then = self.levels.get(key, (0.0, now))
        return max(0.0, level - max(0.0, now - then) / self.seconds)

    def wait(self, key: str, now: float) -> float:
        """Seconds until one more fits; 0 when it does now."""
        return max(0.0, self.level(key, now) + 1 - self.burst) * self.seconds

    def add(self, key: str, amount: float, now: float) -> None:
        level = self.level(key, now) + amount
        self.levels.pop(key, None)
        if level > 0:
            self.levels[key] = (level, now)
            while len(self.levels) > ENTRIES:
                self.levels.popitem(last=False)


class Attempts:
    """The failed logins of late, in this process, which is one of `processes`: all of them allow what one would."""

    def __init__(self, clock: Clock, processes: int = 1) -> None:
        self._clock = clock
        self._sources = _Buckets(max(1, SOURCE[0] // processes), SOURCE[1] * processes)
        self._accounts = _Buckets(max(1, ACCOUNT[0] // processes), ACCOUNT[1] * processes)

    def begin(self, address: str, account: str) -> int:
        """Count a check that begins; the whole seconds to wait instead, when there were too many: then none may."""
        now, source, account = self._clock(), client(address), _short(account)
        wait = max(self._sources.wait(source, now), self._accounts.wait(account, now))
        if wait > 0:
            return math.ceil(wait)
        self._sources.add(source, 1, now)
        self._accounts.add(account, 1, now)
        return 0

    def succeeded(self, address: str, account: str) -> None:
        """Give back what begin() took."""
        now = self._clock()
        self._sources.add(client(address), -1, now)
        self._accounts.add(_short(account), -1, now)


def _short(account: str) -> str:
    """A name that takes little memory: they are the clients' to choose."""
    return account if len(account) <= 64 else hashlib.sha256(account.encode(errors="replace")).hexdigest()


def client(address: str) -> str:
    """What of an address stands for one client."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6 and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, IPV6_PREFIX), strict=False))
    return address
