"""The keyed work queue.

Rule: a key waits at most once, and is never worked on twice at the same time; a key added while it is worked on comes
round again afterwards, and before the others when it is half done. No key can keep the workers busy: after a burst it
comes round at a modest rate, whoever keeps changing its objects (another field manager that fights for them, say).
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from typing import Generic, TypeVar

from wharfinger import metrics

K = TypeVar("K")
_BURST, _RATE = 30.0, 2.0  # runs of one key in a row, and then in each second


class WorkQueue(Generic[K]):
    """Keys to work on, now or later. Not thread-safe: all calls come from the event loop."""

    def __init__(self, *, first_backoff: float = 0.25, last_backoff: float = 120.0) -> None:
        self._ready: deque[K] = deque()
        self._since: dict[K, float] = {}  # waiting keys, and when they began to
        self._running: dict[K, float] = {}  # keys being worked on, and when that began
        self._again: dict[K, bool] = {}  # added while being worked on, and whether it comes before the others
        self._timers: dict[K, asyncio.TimerHandle] = {}
        self._failures: dict[K, int] = {}
        self._credit: dict[K, tuple[float, float]] = {}  # runs that a key may have now, and as of when
        self._wakeup = asyncio.Event()
        self._rest = asyncio.Event()
        self._rest.set()
        self._first, self._last = first_backoff, last_backoff

    def __len__(self) -> int:
        return len(self._ready)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    def add(self, key: K, *, first: bool = False) -> None:
        """Have the key worked on as soon as a worker is free; `first`: before those that wait already."""
        if key in self._running:
            self._again[key] = first or self._again.get(key, False)
        elif key not in self._since:
            if (wait := (1.0 - self._credit_of(key)) / _RATE) > 0:
                self.add_after(key, wait)
                return
            self._cancel_timer(key)
            self._since[key] = self._now()
            (self._ready.appendleft if first else self._ready.append)(key)
            self._wakeup.set()
            self._rest.clear()

    def add_after(self, key: K, delay: float) -> None:
        """Have the key worked on in `delay` seconds, or sooner when it is added or due sooner."""
        due = self._now() + delay
        timer = self._timers.get(key)
        if key in self._since or (timer is not None and timer.when() <= due):
            return
        self._cancel_timer(key)
        self._timers[key] = asyncio.get_running_loop().call_later(delay, self._due, key)

    def retry(self, key: K, at_least: float = 0.0) -> float:
        """Have a key that failed worked on again, later with every failure. Returns the delay in seconds."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        longest = min(self._last, self._first * 2.0 ** min(failures, 32))
        delay = max(at_least, longest * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret
        self.add_after(key, delay)
        return delay

    def succeeded(self, key: K) -> None:
        """Forget the key's failures."""
        self._failures.pop(key, None)

    async def get(self) -> K:
        """Wait for a key. The caller works on it and then calls `done`."""
        while not self._ready:
            self._wakeup.clear()
            await self._wakeup.wait()
        key = self._ready.popleft()
        self._running[key] = self._now()
        self._credit[key] = (self._credit_of(key) - 1.0, self._running[key])
        metrics.QUEUE_SECONDS.observe(self._running[key] - self._since.pop(key))
        return key

    def done(self, key: K) -> None:
        """Say that the work on a key has ended, however it ended."""
        del self._running[key]
        if len(self._credit) > 2 * len(self._timers) + 1024:
            self._credit = {known: held for known, held in self._credit.items() if self._credit_of(known) < _BURST}
        if key in self._again:
            self.add(key, first=self._again.pop(key))
        if not self._ready and not self._running:
            self._rest.set()

    async def drained(self) -> None:
        """Wait until nothing waits and nothing is worked on."""
        await self._rest.wait()

    def stuck_for(self) -> float:
        """Return how many seconds the longest waiting key has waited, or the longest running one has run."""
        begun = [*self._running.values(), *self._since.values()]
        return self._now() - min(begun) if begun else 0.0

    def close(self) -> None:
        """Drop all timers."""
        for key in list(self._timers):
            self._cancel_timer(key)

    def _credit_of(self, key: K) -> float:
        credit, since = self._credit.get(key, (_BURST, 0.0))
        return min(_BURST, credit + (self._now() - since) * _RATE)

    def _due(self, key: K) -> None:
        self._timers.pop(key, None)
        self.add(key)

    def _cancel_timer(self, key: K) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
