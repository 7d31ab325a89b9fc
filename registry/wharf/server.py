"""Runs wharf: both listeners, the reloader and the background work, in one event loop.

Rule: everything that is started here is ended here, in the opposite order and within a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import fcntl
import logging
import signal
import socket
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
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
from wharf.http.connection import IDLE_SECONDS, Connection
from wharf.http.fast_answers import Answers
from wharf.http.services import Live, Services
from wharf.metadata.interface import MetadataError
from wharf.metadata.sqlite import SqliteIndex
from wharf.metadata.sqlite_doubts import SqliteDoubts
from wharf.metadata.sqlite_settings import SqliteSettings
from wharf.metadata.sqlite_tagged import SqliteTagReader
from wharf.metrics import Metrics
from wharf.peers import FILES, Peers, Post, Word
from wharf.reload import Reloader

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Coroutine, Generator, Mapping


log = logging.getLogger("wharf.server")

GRACE_SECONDS = 20
"""For running requests after SIGTERM; the kubelet kills after 30."""

SETTLE_SECONDS = 5.0
"""For making durable, at the end, what was uploaded and is not yet named by a manifest."""

START_SECONDS = 10.0
"""For a listener to come up."""


class AddressError(ValueError):
    """An address cannot be listened on. The message says why."""


class _Listener(uvicorn.Server):
    """uvicorn's server without its signal handlers: wharf has two, and stops them itself."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Accept no more connections, and end when the requests that run are answered."""
        self.should_exit = True
        self._stop.set()

    async def main_loop(self) -> None:
        """Keep the Date header right until stop(), without uvicorn's ten wake-ups a second."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):  # wait_for() may lose a cancellation (CPython issue 86296)
                    await self._stop.wait()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Come up, and say so."""
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave the signals alone."""
        yield


class Wharf:
    """One registry process. `path` is the configuration file, `overrides` what the command line says instead of it,
    `post` which of several workers this is.
    """

    def __init__(self, path: str = "", overrides: Mapping[str, str] | None = None, post: Post | None = None) -> None:
        self._post = post
        self._peers = Peers(post)
        self._metrics = Metrics()
        self.reloader = Reloader(self._metrics, path, overrides)
        self._configured = bool(path)
        self._services: Services | None = None
        self._listeners: list[tuple[_Listener, asyncio.Task[None]]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = contextlib.ExitStack()
        self.port = 0
        self.admin_port = 0

    async def start(self) -> None:
        """Load, open and listen. Raises LoadError, AddressError, MetadataError, BlobError; call stop() then too."""
        self._closing.callback(self.reloader.close)
        config = self.reloader.load()
        blobs = FileBlobStore(config.data)
        blobs.room.limits = _limits(self.reloader.live)
        blobs.open()
        self._closing.callback(blobs.close)
        layout = Layout(config.data)
        index = SqliteIndex(layout.index, blobs.flush)
        index.open()
        self._closing.callback(index.close)
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
        self.port = await self._listen(config.address, RegistryApp(services, self.answers), front, connection)
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
        finally:
            await self.stop()
        log.info("stopped")

    async def stop(self) -> None:
        """Finish running requests within GRACE_SECONDS, end the background work, close the storage."""
        if self._services is not None:
            self._services.stopping = True
        # The admin listener last: until then probes say that this is stopping, not that it is gone.
        for listener, serving in self._listeners:
            listener.stop()
            await asyncio.wait({serving}, timeout=GRACE_SECONDS + 5)
        self._peers.close()
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
        self._closing.close()

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
            return await self._listen(address, app, self.reloader.tls)
        except AddressError as error:
            if self._configured:
                raise
            log.warning("no probes, metrics and status", extra={"cause": str(error)})
            return 0

    async def _listen(
        self,
        address: str,
        app: RegistryApp | AdminApp,
        tls: ssl.SSLContext | None,
        connection: Callable[..., Connection] = Connection,
    ) -> int:
        """Serve `app` on HOST:PORT; the port, which the system chose where it was 0."""
        listening = self._inherited(isinstance(app, AdminApp)) or bind(address)
        config = uvicorn.Config(
            app,
            http=connection,  # type: ignore[arg-type] # uvicorn calls it; it need not be a class
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
            ssl_context_factory=(lambda *_: tls) if tls else None,
        )
        listener = _Listener(config)
        serving = asyncio.create_task(listener.serve(sockets=[listening]))
        self._listeners.append((listener, serving))
        async with asyncio.timeout(START_SECONDS):
            await listener.ready.wait()
        port: int = listening.getsockname()[1]
        return port

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


def bind(address: str) -> socket.socket:
    """A listening socket of HOST:PORT or [HOST]:PORT; port 0 lets the system choose. Raises AddressError."""
    host, colon, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise AddressError(f"{address!r} is not HOST:PORT, such as 0.0.0.0:5000")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, int(port)), family=family, backlog=2048)
    except OSError as error:
        raise AddressError(f"cannot listen on {address}: {error.strerror or error}") from error


def run(path: str, overrides: Mapping[str, str], post: Post | None = None) -> None:
    """Serve until a signal says to stop."""
    limits.allow_many_files()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.get_loop().set_exception_handler(logs.of_loop)
        runner.run(Wharf(path, overrides, post).run())
