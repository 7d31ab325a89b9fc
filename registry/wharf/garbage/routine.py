"""The sweep that goes on by itself, again and again, and the look at the clocks that it depends on.

Rule: one process at a time runs it, and any may be asked for a sweep at once. A round that fails is reported and the
next one comes all the same. How long ago the last sweep was is read from the index, so a registry that is often
restarted is swept as well.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from wharf.blobs.interface import BlobError
from wharf.garbage.exclusive import SweepRunningError
from wharf.metadata.interface import MetadataError
from wharf.witness import IndexDoubtedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from wharf.garbage.collector import Collector, Terms
    from wharf.garbage.sweep import Report
    from wharf.garbage.timeline import Timeline

TICK = 60.0
"""Seconds between two looks at the clocks."""

_LOG = logging.getLogger(__name__)


class Routine:
    """Sweeps by the terms it has been given last. Start run() as a task, and cancel it to stop."""

    def __init__(self, collector: Collector, terms: Terms) -> None:
        self._collector = collector
        self.terms = terms
        self._asked: asyncio.Task[Report | None] | None = None

    async def run(self) -> None:
        """Sweep for ever, whenever it is time."""
        while True:
            await asyncio.sleep(min(TICK, self.terms.interval))
            await self.once()

    async def next_run(self) -> float | None:
        """When it is time for the next sweep, in Unix seconds; None: at the next look. Raises MetadataError.

        It stays the same until a sweep has been.
        """
        last = (await self._collector.history.past()).last_run
        if self.terms.schedule is None:
            return None if last is None else last + self.terms.interval
        if last is None:
            last = await self._collector.timekeeper.begin()
        return None if last is None else self.terms.schedule.after(last)

    def _is_time(self, timeline: Timeline, last: float | None) -> bool:
        if self.terms.schedule is not None:
            # the first one waits for its time too; one that was missed is due at once, and only once
            since = timeline.begin if last is None else last
            return self.terms.schedule.after(min(since, timeline.now)) <= timeline.now
        return last is None or timeline.age(last) >= self.terms.interval

    async def once(self) -> Report | None:
        """Look at the clocks, and sweep if it is time; None when it was not, or the sweep failed."""
        return await self._told(self._if_time)

    def begin(self) -> float:
        """Begin to sweep at once, by the terms as they are; when, in Unix seconds: the history then tells of it.

        Raises SweepRunningError, BlobError.
        """
        held = ExitStack()
        begin = held.enter_context(self._collector.alone())
        self._asked = asyncio.create_task(self._told(partial(self._collector.sweep, self.terms, begin)))
        self._asked.add_done_callback(lambda _: held.close())
        return begin

    async def stop(self) -> None:
        """Break off what begin() began."""
        if self._asked is not None:
            self._asked.cancel()
            await asyncio.wait({self._asked})

    async def _if_time(self) -> Report | None:
        timeline = await self._collector.timekeeper.observe()
        await self._collector.witness.look()
        last = (await self._collector.history.past()).last_run
        if last is not None and last > timeline.now:  # the clock was wrong when it was noted
            await self._collector.history.rejuvenate(timeline.now)
        return await self._collector.collect(self.terms) if self._is_time(timeline, last) else None

    async def _told(self, sweep: Callable[[], Awaitable[Report | None]]) -> Report | None:
        """Tell the log how a sweep ended."""
        try:
            report = await sweep()
        except SweepRunningError:
            return None
        except IndexDoubtedError as error:
            _LOG.error("%s", error)
            return None
        except (BlobError, MetadataError) as error:
            _LOG.warning("the sweep failed, and is tried again: %s", error)
            return None
        if report is not None and (report.blobs_deleted or report.manifests_deleted):
            _LOG.info(
                "swept: %d manifests and %d blobs deleted, %d bytes freed",
                report.manifests_deleted,
                report.blobs_deleted,
                report.freed,
            )
        return report
