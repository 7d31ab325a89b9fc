"""Runs wharf: both listeners, the reloader and the background work, in one event loop.

Rule: everything that is started here is ended here, in the opposite order and within a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import fcntl
import logging
import os
import signal
import socket
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

from wharf import __version__, limits, logs, witness
from wharf.background import Background
from wharf.blobs.filesystem import FileBlobStore
from wharf.blobs.interface import BlobError
from wharf.blobs.paths import Layout
from wharf.blobs.room import Limits
from wharf.garbage.collector import Collector
from wharf.garbage.recovery import boot_id, recover, settle
from wharf.garbage.timekeeper import Clocks
from wharf.http.admin import AdminApp
from wharf.http.app import RegistryApp
from wharf.http.connection import Connection
from wharf.http.fast_answers import Answers
from wharf.http.services import Live, Services
from wharf.listener import GRACE_SECONDS, AddressError, Listener, bind
from wharf.metadata.interface import MetadataError
from wharf.metadata.sqlite import SqliteIndex
from wharf.metadata.sqlite_doubts import SqliteDoubts
from wharf.metadata.sqlite_settings import SqliteSettings
from wharf.metadata.sqlite_tagged import SqliteTagReader
from wharf.metrics import Metrics
from wharf.peers import FILES, Peers, Post, Word
from wharf.reload import Reloader
from wharf.standby import leaving
from wharf.standby.lock import shared

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping


log = logging.getLogger("wharf.server")

SETTLE_SECONDS = 5.0
"""For making durable, at the end, what was uploaded and is not yet named by a manifest."""


class Wharf:
    """One registry process. `path` is the configuration file, `overrides` what the command line says instead of it,
    `post` which of several workers this is.
    """

    def __init__(self, path: str = "", overrides: Mapping[str, str] | None = None, post: Post | None = None) -> None:
        self._post = post
        self._leaves = post is not None and bool(post.held)  # another stands by
        self._peers = Peers(post)
        self._metrics = Metrics()
        self.reloader = Reloader(self._metrics, path, overrides)
        self._configured = bool(path)
        self._services: Services | None = None
        self._listeners: list[Listener] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._open = contextlib.ExitStack()  # what no other host may have open beside this one
        self._closing = contextlib.ExitStack()
        self.port = 0
        self.admin_port = 0

    async def start(self) -> None:
        """Load, open and listen. Raises LoadError, AddressError, MetadataError, BlobError; call stop() then too."""
        self._closing.callback(self.reloader.close)
        config = self.reloader.load()
        await self._hold(config.data)
        blobs = FileBlobStore(config.data)
        blobs.room.limits = _limits(self.reloader.live)
        blobs.open()
        self._closing.callback(blobs.close)
        layout = Layout(config.data)
        index = SqliteIndex(layout.index, blobs.flush)
        index.open()
        self._open.callback(index.close)
        self._doubts, self._blobs = SqliteDoubts(index), blobs
        with (Path(config.data) / "start.lock").open("ab") as file:  # processes that start together take turns
            await asyncio.to_thread(fcntl.flock, file, fcntl.LOCK_EX)
            await recover(self._doubts, SqliteSettings(index), blobs, boot_id())
        self._services = services = self._services_of(index, blobs)
        collector = Collector(index, blobs, layout, Clocks(services.clock))
        if not await collector.begin():
            log.error("this is not the index that the content was last seen with", extra={"remedy": witness.REMEDY})
        self._background = background = Background(services, index, collector)
        self.reloader.on_change(lambda live: setattr(services, "live", live))
        self.reloader.on_change(lambda live: setattr(blobs.room, "limits", _limits(live)))
        self.reloader.on_change(background.reconfigure)
        reports = background.reports(self.reloader.report, lambda: self.reloader.admin_token)
        reports = dataclasses.replace(reports, others=self._peers.ask)
        self._spawn(self.reloader.run())
        self._spawn(background.run())
        self._spawn(services.pulls.run())
        self.answers = Answers(services, index.version)
        connection = partial(Connection, answers=self.answers)
        front = self.reloader.front.context if self.reloader.front else None
        self._app = RegistryApp(services, self.answers)
        self.port = await self._listen(config.address, Listener(self._app, front, connection))
        if config.admin_address:
            self.admin_port = await self._listen_admin(config.admin_address, AdminApp(services, reports))
        await self._peers.listen(self._word)

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then stop."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        loop.add_signal_handler(signal.SIGHUP, self.reloader.poll)  # people send it; files are watched anyway
        try:
            await self.start()
            log.info("serving", extra=self.summary())
            await stop.wait()
            log.info("stopping", extra={"grace": GRACE_SECONDS})
            if self._leaves:
                await self._linger()
        finally:
            await self.stop()
        log.info("stopped")

    async def stop(self) -> None:
        """Finish running requests within GRACE_SECONDS, end the background work, close the storage.

        Where another stands by, the index is closed before answers have been sent that need it no more.
        """
        if self._services is not None:
            self._services.stopping = True
        for public in self._listeners[:1]:
            public.stop()
            if self._leaves:
                await leaving.finish(lambda: public.expects() or self._app.busy())  # noqa: B023 - there is but one
                self._app.refuse()
            else:
                await public.ended()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        if self._services is not None:
            try:
                async with asyncio.timeout(SETTLE_SECONDS):
                    await settle(self._doubts, self._blobs)
            except (TimeoutError, MetadataError, BlobError) as error:
                log.warning("pushes under way cannot go on elsewhere", extra={"cause": str(error) or "no time left"})
        self._open.close()
        # The admin listener last: until then probes say that this is stopping, not that it is gone.
        for listener in self._listeners:
            listener.stop()
            await listener.ended()
        self._peers.close()
        self._closing.close()

    async def _linger(self) -> None:
        """Go on for a while, and have clients go elsewhere."""
        if self._services is not None:
            self._services.stopping = True
        self.answers.end()
        self._listeners[0].dismiss()
        self._listeners[0].grace(await leaving.linger(self._app.receives))

    async def _hold(self, data: str) -> None:
        """Have the right to open the data until it is closed: of who started this, or with others. Raises LockError."""
        if self._leaves and self._post is not None:
            for descriptor in reversed(self._post.held):
                self._open.callback(os.close, descriptor)
        else:
            await asyncio.to_thread(self._open.enter_context, shared(data, command=False))

    def summary(self) -> dict[str, object]:
        """What is served, for the log line at the start."""
        config = self.reloader.config
        scheme = "https" if self.reloader.tls else "http"
        host = config.address.rpartition(":")[0]
        return {
            "version": __version__,
            "url": f"{scheme}://{host}:{self.port}",
            "admin": f"{scheme}://{config.admin_address.rpartition(':')[0]}:{self.admin_port}"
            if self.admin_port
            else "",
            "data": config.data,
            "authentication": "htpasswd" if config.auth else "none: everyone may do what the access rules allow anyone",
        }

    async def _listen_admin(self, address: str, app: AdminApp) -> int:
        """As _listen(); 0 where nobody asked for this listener and its port is taken: two registries on one machine."""
        try:
            return await self._listen(address, Listener(app, self.reloader.tls), admin=True)
        except AddressError as error:
            if self._configured:
                raise
            log.warning("no probes, metrics and status", extra={"cause": str(error)})
            return 0

    async def _listen(self, address: str, listener: Listener, *, admin: bool = False) -> int:
        """Serve on HOST:PORT; the port, which the system chose where it was 0."""
        listening = self._inherited(admin) or bind(address)
        self._listeners.append(listener)
        return await listener.start(listening)

    def _services_of(self, index: SqliteIndex, blobs: FileBlobStore) -> Services:
        tagged, processes = SqliteTagReader(index), self._post.count if self._post else 1
        live, metrics = self.reloader.live, self._metrics
        return Services(
            index, blobs, live, metrics, tagged=tagged, room=blobs.room, proofs=blobs.proofs, processes=processes
        )

    def _inherited(self, admin: bool) -> socket.socket | None:
        """The listening socket that this worker was given; None: it serves alone."""
        if self._post is None:
            return None
        descriptor = self._post.admin if admin else self._post.public
        if descriptor < 0:
            raise AddressError("no worker has this address")
        return socket.socket(fileno=descriptor)

    def _word(self) -> Word:
        return Word({name: self.reloader.report(name) for name in FILES}, self._metrics.state())

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        task.add_done_callback(_report)
        self._tasks.append(task)


def _limits(live: Live) -> Limits:
    return Limits(live.config.storage.read_only_above, live.config.storage.min_free)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical("background work stopped by a defect; restart wharf, and report this", exc_info=error)


def run(path: str, overrides: Mapping[str, str], post: Post | None = None) -> None:
    """Serve until a signal says to stop."""
    limits.allow_many_files()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.get_loop().set_exception_handler(logs.of_loop)
        runner.run(Wharf(path, overrides, post).run())
