"""The clean-up that goes on by itself: expired upload sessions, then a sweep, again and again.

Rule: one process at a time runs it. A round that fails is reported and the next one comes all the same.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from wharf.blobs.interface import BlobError
from wharf.garbage.sweep import Report, Store, sweep
from wharf.metadata.interface import MetadataError

if TYPE_CHECKING:
    from wharf.clock import Clock
    from wharf.metadata.inventory import Inventory

_LOG = logging.getLogger(__name__)


class CleanStore(Store, Protocol):
    """What the routine asks of the blob store."""

    async def expire_uploads(self, older_than: float) -> int:
        """See BlobStore."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How long things are kept, in seconds, and how often the routine looks."""

    grace: float = 86400.0
    upload_expiry: float = 86400.0
    interval: float = 3600.0


class Routine:
    """Cleans up by the terms it has been given last. Start run() as a task, and cancel it to stop."""

    def __init__(self, inventory: Inventory, store: CleanStore, terms: Terms, clock: Clock) -> None:
        self._inventory = inventory
        self._store = store
        self.terms = terms
        self._clock = clock

    async def run(self) -> None:
        """Clean up for ever, the first time after one interval."""
        while True:
            await asyncio.sleep(self.terms.interval)
            await self.once()

    async def once(self) -> Report | None:
        """Clean up now; None when it failed."""
        terms = self.terms
        try:
            expired = await self._store.expire_uploads(terms.upload_expiry)
            report = await sweep(self._inventory, self._store, grace=terms.grace, clock=self._clock)
        except (BlobError, MetadataError) as error:
            _LOG.warning("the clean-up failed, and is tried again in %g s: %s", terms.interval, error)
            return None
        if expired or report.deleted:
            _LOG.info("cleaned up: %d upload sessions, %d blobs, %d bytes freed", expired, report.deleted, report.freed)
        return report
