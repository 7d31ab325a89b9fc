"""Garbage collection of one registry: the clocks, the lock, the sweep and the record of it, put together.

Rule: whoever sweeps, a server by itself or a person from the command line, does it through a Collector.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wharf.blobs import disk
from wharf.blobs.interface import BlobError
from wharf.garbage.exclusive import alone
from wharf.garbage.history import History
from wharf.garbage.plan import Horizon
from wharf.garbage.sweep import Report, Storage, ignore, sweep
from wharf.garbage.timekeeper import Clocks, Timekeeper
from wharf.metadata.interface import MetadataError
from wharf.metadata.sqlite_deletions import SqliteDeletions
from wharf.metadata.sqlite_inventory import SqliteInventory
from wharf.metadata.sqlite_settings import SqliteSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from wharf.garbage.plan import Decision
    from wharf.garbage.sweep import Store
    from wharf.metadata.sqlite import SqliteIndex


@dataclass(frozen=True, slots=True)
class Terms:
    """How long things are kept that nothing needs, how often to look, and how long an upload may pause; in seconds."""

    grace: float = 86400.0
    interval: float = 3600.0
    upload_expiry: float = 86400.0
    delete_untagged: bool = False


class Collector:
    """Sweeps, one at a time. `lock` is a file that all processes of the registry share."""

    def __init__(self, index: SqliteIndex, store: Store, lock: Path, clocks: Clocks) -> None:
        inventory, settings = SqliteInventory(index), SqliteSettings(index)
        self.deletions = SqliteDeletions(index, clocks.wall)
        self.history = History(settings)
        self.timekeeper = Timekeeper(settings, inventory, clocks)
        self.storage = Storage(inventory, self.deletions, store)
        self._lock = lock
        self._clocks = clocks

    async def collect(
        self, terms: Terms, *, listen: Callable[[Decision], None] = ignore, dry_run: bool = False
    ) -> Report:
        """Sweep now. Raises SweepRunningError, MetadataError, BlobError; the last two are noted in the history."""
        if dry_run:
            return await self._sweep(terms, listen, dry_run=True)
        begin, steady = self._clocks.wall(), self._clocks.steady()
        with disk.translated(), alone(self._lock):
            try:
                report = await self._sweep(terms, listen, dry_run=False)
            except (MetadataError, BlobError) as error:
                await self.history.failed(str(error), begin, self._clocks.steady() - steady)
                raise
            await self.history.swept(report, begin, self._clocks.steady() - steady)
        return report

    async def _sweep(self, terms: Terms, listen: Callable[[Decision], None], *, dry_run: bool) -> Report:
        timeline = await self.timekeeper.observe()
        horizon = Horizon(timeline, terms.grace, delete_untagged=terms.delete_untagged)
        before = timeline.before(terms.upload_expiry)
        return await sweep(self.storage, horizon, uploads_before=before, listen=listen, dry_run=dry_run)
