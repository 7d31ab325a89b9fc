"""A listening socket, and uvicorn's server on it as wharf runs it.

Rule: signals are left alone, for whoever starts a listener stops it, and an idle listener costs one wake-up a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Any

import uvicorn

from wharf.http.connection import IDLE_SECONDS, Connection

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Generator

GRACE_SECONDS = 20
"""For running requests after stop(); the kubelet kills 30 after SIGTERM, if not told otherwise."""

START_SECONDS = 10.0
"""For a listener to come up."""

FIRST_SECONDS = 1.0
"""For the first request of a connection that was accepted last."""

_LAST = (b"connection", b"close")


class AddressError(ValueError):
    """An address cannot be listened on. The message says why."""


class Listener(uvicorn.Server):
    """Serves an ASGI application on one socket. `connection` makes the protocol of a connection."""

    def __init__(
        self, app: Callable[..., Any], tls: ssl.SSLContext | None, connection: Callable[..., Connection] = Connection
    ) -> None:
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
        super().__init__(config)
        self._ready = asyncio.Event()
        self._stop = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None
        self._dismissed = False

    async def start(self, listening: socket.socket) -> int:
        """Serve on this socket, which becomes this one's; the port, which the system chose where it was 0."""
        self._serving = asyncio.create_task(self.serve(sockets=[listening]))
        async with asyncio.timeout(START_SECONDS):
            await self._ready.wait()
        port: int = listening.getsockname()[1]
        return port

    def dismiss(self) -> None:
        """Let every answer from now on be the last of its connection. After stop(), who has just come is answered."""
        self._dismissed = True
        self.config.encoded_headers = [*self.config.encoded_headers, _LAST]
        self.server_state.default_headers = [*self.server_state.default_headers, _LAST]

    def grace(self, seconds: float) -> None:
        """Wait so long for running requests after stop(), instead of GRACE_SECONDS."""
        self.config.timeout_graceful_shutdown = int(seconds)

    def stop(self) -> None:
        """Accept no more connections, and end when the requests that run are answered."""
        self.should_exit = True
        self._stop.set()

    def expects(self) -> bool:
        """Whether any connection has yet to send its first request."""
        return any(getattr(connection, "cycle", self) is None for connection in self.server_state.connections)

    async def ended(self) -> None:
        """Wait for the end after stop(), which is a little after the grace at the latest."""
        if self._serving is not None:
            await asyncio.wait({self._serving}, timeout=(self.config.timeout_graceful_shutdown or 0) + 5)

    async def main_loop(self) -> None:
        """Keep the Date header right until stop(), without uvicorn's ten wake-ups a second."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):  # wait_for() may lose a cancellation (CPython issue 86296)
                    await self._stop.wait()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Come up, and say so."""
        await super().startup(sockets)
        self._ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does, which ends connections at once that were not used yet."""
        for server in self.servers:
            server.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FIRST_SECONDS):
                while self._dismissed and self.expects():  # noqa: ASYNC110 - uvicorn sets no event
                    await asyncio.sleep(0.02)
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave the signals alone: wharf has two, and stops its listeners itself."""
        yield


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
