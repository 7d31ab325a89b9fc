"""The work that one process does for all: webhooks, garbage, and the slow verification of all content.

Rule: whoever holds the lock file does it, and only while holding it; the others stand by and take over when the holder
is gone, for the kernel frees the lock of a process that dies. A sweep that somebody asks for is made by the process
that was asked; it has a lock of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import socket
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from wharf import clock as wall
from wharf import cron
from wharf.blobs.paths import Layout
from wharf.garbage.collector import Terms
from wharf.garbage.routine import Routine
from wharf.http.admin import Reports
from wharf.metadata.interface import MetadataError
from wharf.metadata.sqlite_audit import SqliteAudit
from wharf.metadata.sqlite_doubts import SqliteDoubts
from wharf.metadata.sqlite_outbox import SqliteOutbox
from wharf.metadata.sqlite_pull_log import SqlitePullLog
from wharf.metadata.sqlite_settings import SqliteSettings
from wharf.verify.scrub import Pace, Scrubber
from wharf.verify.verifier import Storage
from wharf.webhooks.courier import Frame
from wharf.webhooks.delivery import Deliveries
from wharf.webhooks.envelope import Source
from wharf.webhooks.networks import Networks
from wharf.webhooks.pace import weight
from wharf.webhooks.router import Router

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wharf.config import Config
    from wharf.garbage.collector import Collector
    from wharf.garbage.history import Past
    from wharf.http.services import Live, Services
    from wharf.metadata.outbox import EndpointState
    from wharf.metadata.sqlite import SqliteIndex
    from wharf.verify.scrub import Scrubbed

log = logging.getLogger("wharf.background")

LOCK_RETRY = 5.0
"""Seconds between two tries to become the process that works."""


class Background:
    """The background work of one process, and what it knows of the webhooks."""

    def __init__(self, services: Services, index: SqliteIndex, collector: Collector) -> None:
        self._services = services
        self._index = index
        self._history = collector.history
        self._routine = Routine(collector, Terms())
        layout = Layout(services.live.config.data)
        verified = Storage(SqliteAudit(index, services.clock), SqliteDoubts(index), layout, collector.witness)
        self._scrubber = Scrubber(verified, SqliteSettings(index), services.clock)
        self._outbox = SqliteOutbox(index, services.clock)
        self._pulls = SqlitePullLog(index, services.clock)
        self._changed = asyncio.Event()
        self.reconfigure(services.live)

    def reconfigure(self, live: Live) -> None:
        """Route events and deliver them by these settings."""
        self._index.replace_route(Router(live.config.webhooks))
        self._index.durable_blobs = live.config.durability == "blob"
        self._routine.terms = terms(live.config)
        self._scrubber.pace = Pace(live.config.scrub.rate, live.config.scrub.interval)
        self._changed.set()

    async def run(self) -> None:
        """Wait for the lock, then work until cancelled."""
        path = Path(self._services.live.config.data) / "background.lock"
        try:
            with path.open("ab") as file:
                await _lock(file.fileno())
                async with asyncio.TaskGroup() as group:  # waits for all to end, as gather() would not when cancelled
                    group.create_task(self._deliver())
                    group.create_task(self._routine.run())
                    group.create_task(self._scrubber.run())
        finally:
            await self._routine.stop()

    def reports(self, file: Callable[[str], Mapping[str, str] | None], token: Callable[[], str]) -> Reports:
        """What /status asks of others."""
        return Reports(file, self.webhooks, self.garbage, self._routine.begin, self.scrubbed, token)

    async def webhooks(self) -> Mapping[str, Mapping[str, object]]:
        """How each configured webhook stands, in the form of /status."""
        states = await self._outbox.states()
        return {hook.name: _report(states.get(hook.name)) for hook in self._services.live.config.webhooks}

    async def garbage(self) -> tuple[Past, float | None]:
        """What sweeps have done, and when the next is due."""
        return await self._history.past(), await self._routine.next_run()

    async def scrubbed(self) -> Scrubbed:
        """How far scrubbing has come, and what it has found."""
        return await self._scrubber.past()

    async def _deliver(self) -> None:
        requests = self._services.metrics.requests
        answered = partial(weight, requests.values)
        deliveries = Deliveries(self._outbox, self._pulls, self._services.clock, answered)
        self._index.on_events(deliveries.wake)
        looking = asyncio.create_task(deliveries.run())
        try:
            while True:
                await self._changed.wait()
                self._changed.clear()
                try:
                    config = self._services.live.config
                    await deliveries.configure(config.webhooks, _frame(config))
                except MetadataError as error:
                    log.warning("webhooks not configured, trying again", extra={"cause": str(error)})
                    self._changed.set()
                    await asyncio.sleep(LOCK_RETRY)
        finally:
            looking.cancel()
            await deliveries.stop()


def terms(config: Config) -> Terms:
    """The terms of garbage collection that a configuration sets."""
    garbage = config.garbage_collection
    schedule = cron.parse(garbage.schedule) if garbage.schedule else None
    return Terms(garbage.grace_period, garbage.interval, config.upload_expiry, garbage.untagged == "Delete", schedule)


def _frame(config: Config) -> Frame:
    secure = config.url.startswith("https:") if config.url else config.tls is not None
    source = Source(config.url.partition("://")[2] or config.address, socket.gethostname(), secure)
    return Frame(source, Networks.of(config.webhook_networks))


async def _lock(descriptor: int) -> None:
    """Hold the lock on a file when this returns; it is freed when the file is closed."""
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        await asyncio.sleep(LOCK_RETRY)


def _report(state: EndpointState | None) -> dict[str, object]:
    return {
        "delivered": state.delivered if state else 0,
        "pending": state.pending if state else 0,
        "dead": state.dead if state else 0,
        "failed": state.failed if state else 0,
        "refused": state.refused if state else 0,
        "dropped": state.dropped if state else 0,
        "lastSuccess": wall.rfc3339(state.last_success if state else None),
        "lastErrorAt": wall.rfc3339(state.last_error_at if state else None),
        "lastError": state.last_error if state else "",
        "nextAttempt": wall.rfc3339(state.next_attempt if state else None),
    }
