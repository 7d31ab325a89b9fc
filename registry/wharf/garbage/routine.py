"""The sweep that goes on by itself, again and again.

Rule: one process at a time runs it. A round that fails is reported and the next one comes all the same.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wharf.blobs.interface import BlobError
from wharf.garbage.sweep import Report, Store, sweep
from wharf.metadata.interface import MetadataError

if TYPE_CHECKING:
    from wharf.clock import Clock
    from wharf.metadata.inventory import Inventory

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Terms:
    """How long content without a manifest is kept, and how often the routine looks; both in seconds."""

    grace: float = 86400.0
    interval: float = 3600.0


class Routine:
    """Sweeps by the terms it has been given last. Start run() as a task, and cancel it to stop."""

    def __init__(self, inventory: Inventory, store: Store, terms: Terms, clock: Clock) -> None:
        self._inventory = inventory
        self._store = store
        self.terms = terms
        self._clock = clock

    async def run(self) -> None:
        """Sweep for ever, the first time after one interval."""
        while True:
            await asyncio.sleep(self.terms.interval)
            await self.once()

    async def once(self) -> Report | None:
        """Sweep now; None when it failed."""
        terms = self.terms
        try:
            report = await sweep(self._inventory, self._store, grace=terms.grace, clock=self._clock)
        except (BlobError, MetadataError) as error:
            _LOG.warning("the sweep failed, and is tried again in %g s: %s", terms.interval, error)
            return None
        if report.deleted:
            _LOG.info(
                "swept: %d blobs deleted, %d bytes freed, %d blobs kept", report.deleted, report.freed, report.kept
            )
        return report
