"""How fast pulls are told, so that telling of them slows nobody. Pure, but for demand().

Rule: requests that are answered and pulls that are told share a budget of MOST a second, and answering goes first, a
push more so; of what is left as much is used as the event loop's thread is idle. LEAST events a second are sent in any
case, to all webhooks together, and what waits is told once it is quieter.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST = 1000.0
"""Requests and pulls a second. Telling of one costs, for each webhook, a fifth of a millisecond, about."""

WRITE = 4.0
"""Requests that one with another method than GET or HEAD counts as: a push waits for each of its own in turn."""

LEAST = 20.0
"""Events a second, one for each pull and webhook, that are sent though there is no time: a hundredth of it, about."""

CALM = 0.7
"""How much of what was asked of late is still reckoned with at the next look: requests come in bursts."""

BURST = 0.25
"""Seconds whose share may be told at once."""

LONGEST = 0.3
"""Seconds since the last look that are reckoned with. Looks come four times a second: a process that was stopped
meanwhile, or had used up what its control group may use, was not idle.
"""

_SCHEDULED = Path("/proc/thread-self/schedstat")


def demand() -> float:
    """Seconds that the calling thread has run, or would have if another had not had the processor, so far."""
    with suppress(OSError, ValueError):
        descriptor = os.open(_SCHEDULED, os.O_RDONLY)  # a file object would cost five times as much
        try:
            running, waiting, _ = os.read(descriptor, 100).split()
        finally:
            os.close(descriptor)
        return (int(running) + int(waiting)) / 1e9
    return time.thread_time()  # where the kernel does not say


def weight(requests: Mapping[tuple[str, ...], float]) -> float:
    """What requests so far, by labels of which the method is the first, count as."""
    return sum(count if labels[0] in {"GET", "HEAD"} else WRITE * count for labels, count in requests.items())


class Pace:
    """The pace of one registry. Times are of a steady clock; `answered`: see weight(); `demand`: see demand()."""

    def __init__(self, now: float, answered: float, demand: float) -> None:
        self._seen = now
        self._left: int | None = None  # what an earlier process left did not come just now
        self._answered = answered
        self._demand = demand
        self._came = 0.0  # requests a second, of late
        self._share = 0.0

    def share(self, now: float, waiting: int, answered: float, demand: float, webhooks: int = 1) -> int:
        """How many of those that wait may be told now, to so many webhooks each."""
        seconds = min(LONGEST, max(now - self._seen, 1e-3))
        noted = waiting - self._left if self._left is not None else 0
        came = max(noted, answered - self._answered) / seconds
        busy = min(1.0, (demand - self._demand) / seconds)
        self._came = max(came, CALM * self._came)
        rate = max(LEAST / max(1, webhooks), (MOST - self._came) * (1.0 - busy))
        self._share = min(self._share + rate * seconds, rate * BURST)
        self._seen, self._left, self._answered, self._demand = now, waiting, answered, demand
        return max(0, min(waiting, int(self._share)))

    def told(self, pulls: int) -> None:
        """So many were told of them, which may be more than the share: that is taken from the next."""
        self._share -= pulls
        self._left = (self._left or 0) - pulls
