"""How fast pulls are told, so that telling of them does not slow them. Pure.

Rule: pulls that are answered and pulls that are told share a budget of MOST a second, and answering goes first. What is
left over is told once it is quieter; LEAST a second are told in any case.
"""

from __future__ import annotations

MOST = 1000.0
"""Pulls a second. Telling one costs, for each webhook, about as much as answering one that is not in memory."""

LEAST = 20.0
"""Pulls a second that are told while more are answered than MOST."""

CALM = 0.7
"""How much of the rate at which pulls came is still reckoned with at the next look: they are noted in groups."""

BURST = 0.25
"""Seconds whose share may be told at once."""


class Pace:
    """The pace of one registry, from how many wait. Times are of a steady clock."""

    def __init__(self, now: float) -> None:
        self._seen = now
        self._left = 0
        self._came = 0.0  # pulls a second, of late
        self._share = 0.0

    def share(self, now: float, waiting: int) -> int:
        """How many of those that wait may be told now."""
        seconds = max(now - self._seen, 1e-3)
        self._came = max((waiting - self._left) / seconds, CALM * self._came)
        rate = max(LEAST, MOST - self._came)
        self._share = min(self._share + rate * seconds, rate * BURST)
        self._seen, self._left = now, waiting
        return max(0, min(waiting, int(self._share)))

    def told(self, pulls: int) -> None:
        """So many were told of them, which may be more than the share: that is taken from the next."""
        self._share -= pulls
        self._left -= pulls
