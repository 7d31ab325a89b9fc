"""Garbage collection of one registry: the clocks, the lock, the sweep and the record of it, put together.

Rule: whoever sweeps, a server by itself or a person from the command line, does it through a Collector.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wharf.blobs import disk
from wharf.blobs.interface import BlobError
from wharf.garbage.exclusive import alone
from wharf.garbage.history import History
from wharf.garbage.plan import Horizon
from wharf.garbage.sweep import Report, Storage, count_unknown, ignore, sweep
from wharf.garbage.timekeeper import Clocks, Timekeeper
from wharf.metadata.interface import IndexFullError, MetadataError
from wharf.metadata.sqlite_deletions import SqliteDeletions
from wharf.metadata.sqlite_inventory import SqliteInventory
from wharf.metadata.sqlite_settings import SqliteSettings
from wharf.witness import IndexDoubtedError, Witness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wharf.blobs.paths import Layout
    from wharf.cron import Schedule
    from wharf.garbage.plan import Decision
    from wharf.garbage.sweep import Store
    from wharf.metadata.sqlite import SqliteIndex


_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Terms:
    """How long things are kept that nothing needs, how often to look, and how long an upload may pause; in seconds.

    `schedule`: when to look, instead of the interval.
    `trust_index`: sweep although the index is not the one that the content was last seen with.
    """

    grace: float = 86400.0
    interval: float = 3600.0
    upload_expiry: float = 86400.0
    delete_untagged: bool = False
    schedule: Schedule | None = None
    trust_index: bool = False


class Collector:
    """Sweeps, one at a time among all processes of a registry."""

    def __init__(self, index: SqliteIndex, store: Store, layout: Layout, clocks: Clocks) -> None:
        inventory, settings = SqliteInventory(index), SqliteSettings(index)
        self.deletions = SqliteDeletions(index, clocks.wall)
        self.history = History(settings)
        self.timekeeper = Timekeeper(settings, inventory, clocks)
        self.storage = Storage(inventory, self.deletions, store)
        self.witness = Witness(settings, layout.mark)
        self._lock = layout.sweeping
        self._clocks = clocks

    async def begin(self) -> bool:
        """Look at the clocks and at the index before anybody is served; False when the index must be doubted.

        A clock that jumps before it was looked at once would make all that is stored old. A disk without room for a
        note of that keeps nobody from pulling: the notes are older then, and each sweep looks again before it removes
        anything. Raises MetadataError, BlobError.
        """
        try:
            await self.timekeeper.observe()
        except IndexFullError as error:
            _LOG.warning("what the clocks show is not noted: %s", error)
        try:
            return await self.witness.look()
        except IndexFullError:  # when it renews the marks of what belongs together
            return True

    async def collect(
        self, terms: Terms, *, listen: Callable[[Decision], None] = ignore, dry_run: bool = False
    ) -> Report:
        """Sweep now. Raises SweepRunningError, MetadataError, BlobError; the last two are noted in the history.

        Of the former there is IndexDoubtedError, unless the terms say to trust the index.
        """
        if dry_run:
            doubted = await self.doubted()
            report = await self._sweep(terms, listen, dry_run=True)
            report.doubted = doubted
            return report
        with self.alone() as begin:
            return await self.sweep(terms, begin, listen)

    @contextmanager
    def alone(self) -> Iterator[float]:
        """Let nobody else sweep; since when, in Unix seconds. Raises SweepRunningError, BlobError."""
        with disk.translated(), alone(self._lock):
            yield self._clocks.wall()

    async def sweep(self, terms: Terms, begin: float, listen: Callable[[Decision], None] = ignore) -> Report:
        """Sweep while alone() holds, and note how it ended. Raises MetadataError, BlobError."""
        steady = self._clocks.steady()
        try:
            with disk.translated():
                await self._require_trust(terms)
                report = await self._sweep(terms, listen, dry_run=False)
        except (MetadataError, BlobError) as error:
            doubted = error.blobs if isinstance(error, IndexDoubtedError) else 0
            await self.history.failed(str(error), begin, self._clocks.steady() - steady, doubted)
            raise
        await self.history.swept(report, begin, self._clocks.steady() - steady)
        return report

    async def doubted(self) -> int:
        """How many blobs are stored of which an index knows nothing that must be doubted; 0 for one that need not be.

        An index that knows all that is stored is as good as the right one. Raises MetadataError, BlobError.
        """
        if await self.witness.look():
            return 0
        return await count_unknown(self.storage)

    async def _require_trust(self, terms: Terms) -> None:
        if terms.trust_index:
            await self.witness.trust()
        elif unknown := await self.doubted():
            raise IndexDoubtedError(unknown)

    async def _sweep(self, terms: Terms, listen: Callable[[Decision], None], *, dry_run: bool) -> Report:
        timeline = await self.timekeeper.observe()
        horizon = Horizon(timeline, terms.grace, delete_untagged=terms.delete_untagged)
        before = timeline.before(terms.upload_expiry)
        return await sweep(self.storage, horizon, uploads_before=before, listen=listen, dry_run=dry_run)
