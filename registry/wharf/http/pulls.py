"""The pulls that webhooks are to be told of, noted in groups, so that no pull waits for a disk.

Rule: a pull changes nothing, so its event need not be durable before the answer: a process that is killed loses the
pulls of its last moment (INTERVAL), and of pushes never one. When they come faster than they can be noted, pulls wait
for the noting; when they cannot be noted at all, because the disk is full, pulls go on, and what is lost is counted.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from wharf.metadata.interface import MetadataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from wharf.clock import Clock
    from wharf.metadata.interface import Event, Index, LikePulls
    from wharf.metrics import Metrics

INTERVAL = 0.2
"""Seconds within which a pull is noted."""

FULL = 20_000
"""Pulls that may wait before others do."""

_LOG = logging.getLogger(__name__)


class Pulls:
    """What was pulled and is not noted yet."""

    def __init__(self, index: Index, metrics: Metrics, clock: Clock) -> None:
        self._index = index
        self._metrics = metrics
        self._clock = clock
        self._waiting: list[LikePulls] = []
        self._count = 0
        self.full = False  # whether a pull should wait, by flush()
        self._woken = asyncio.Event()
        self._held: set[Callable[[], None]] = set()

    def hold(self, gather: Callable[[], None]) -> None:
        """Somebody holds pulls back, for a moment; `gather` adds them, before any that come later."""
        self._held.add(gather)
        self._woken.set()

    def add(self, pulls: Iterable[LikePulls]) -> None:
        """Note these soon."""
        for like in pulls:
            requests = like[1]
            self._count += 1 if isinstance(requests, str) else requests.count
            self._waiting.append(like)
        self.full = self._count >= FULL
        self._woken.set()

    async def tell(self, event: Event) -> None:
        """Note the pull that this event tells of soon; at once when many wait."""
        self._gather()
        self.add([(event, event.request_id, event.request_address, self._clock())])
        if self.full:
            await self.flush()

    async def flush(self) -> None:
        """Note what waits."""
        self._gather()
        pulls, count, self._waiting, self._count, self.full = self._waiting, self._count, [], 0, False
        try:
            await self._index.note_pulls(pulls)
        except MetadataError as error:
            self._metrics.pulls_lost.add(amount=count)
            _LOG.warning("pulls could not be told to webhooks", extra={"cause": str(error), "pulls": count})

    def _gather(self) -> None:
        while self._held:
            self._held.pop()()

    async def run(self) -> None:
        """Note what comes, until cancelled, and then the last."""
        try:
            while True:
                await self._woken.wait()
                self._woken.clear()
                await asyncio.sleep(INTERVAL)
                await self.flush()
        finally:
            await self.flush()
