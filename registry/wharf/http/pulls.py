"""The pulls that webhooks are to be told of, written down in groups, so that no pull waits for a disk.

Rule: a pull changes nothing, so its event need not be durable before the answer: a process that is killed loses the
events of its last moment (INTERVAL), and of pushes never one. When they come faster than they can be written, pulls
wait for the writing; when they cannot be written at all, because the disk is full, pulls go on, and what is lost is
counted.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from wharf.metadata.interface import MetadataError

if TYPE_CHECKING:
    from wharf.metadata.interface import Event, Index
    from wharf.metrics import Metrics

INTERVAL = 0.2
"""Seconds within which a pull is written down."""

FULL = 5000
"""Events that may wait before pulls do."""

_LOG = logging.getLogger(__name__)


class Pulls:
    """What was pulled and is not written down yet."""

    def __init__(self, index: Index, metrics: Metrics) -> None:
        self._index = index
        self._metrics = metrics
        self._waiting: list[Event] = []
        self._woken = asyncio.Event()

    @property
    def full(self) -> bool:
        """Whether a pull should wait, by flush()."""
        return len(self._waiting) >= FULL

    def note(self, *events: Event) -> None:
        """Write these down soon."""
        self._waiting += events
        self._woken.set()

    async def tell(self, event: Event) -> None:
        """Write this down soon; at once when many wait."""
        self.note(event)
        if self.full:
            await self.flush()

    async def flush(self) -> None:
        """Write down what waits."""
        events, self._waiting = self._waiting, []
        try:
            await self._index.record(events)
        except MetadataError as error:
            self._metrics.pulls_lost.add(amount=len(events))
            _LOG.warning("pulls could not be told to webhooks", extra={"cause": str(error), "pulls": len(events)})

    async def run(self) -> None:
        """Write down what comes, until cancelled, and then the last."""
        try:
            while True:
                await self._woken.wait()
                self._woken.clear()
                await asyncio.sleep(INTERVAL)
                await self.flush()
        finally:
            await self.flush()
