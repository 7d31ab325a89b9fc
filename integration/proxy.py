"""A proxy between the operator and the API server: it counts calls, and lets them go wrong.

Rule: it speaks plain HTTP to the operator and passes everything on as it is, but for what a test asked to go wrong.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web
from yarl import URL

from integration.api import unfinished
from integration.control_plane import ControlPlane, free_port

_HOP = {
    "connection",
    "keep-alive",
    "transfer-encoding",
    "content-length",
    "host",
    "content-encoding",
    "accept-encoding",
}


@dataclass
class Call:
    """One request on its way. `number` counts the calls in a namespace (watches apart), from 1."""

    method: str
    path: str
    namespace: str
    watch: bool
    request: web.Request = field(repr=False)
    number: int = 0

    @property
    def write(self) -> bool:
        """Whether it changes something."""
        return self.method != "GET"


class Broken(Exception):  # noqa: N818 - not an error of ours
    """The connection breaks here."""


Forward = Callable[[], Awaitable[web.StreamResponse]]
Fault = Callable[[Call, Forward], Awaitable[web.StreamResponse]]


async def pass_on(_: Call, forward: Forward) -> web.StreamResponse:
    """No fault."""
    return await forward()


@dataclass
class Proxy:
    """The proxy. `fault` is asked about every call that is no watch; `watch_fault` about every watch."""

    plane: ControlPlane
    fault: Fault = pass_on
    watch_fault: Fault = pass_on
    calls: list[Call] = field(default_factory=list)
    name: str = ""  # appended to the user agent, so that the audit log tells who came this way

    def __post_init__(self) -> None:
        self.port = free_port()
        self._numbers: dict[str, int] = {}
        self._open: set[web.StreamResponse] = set()
        self._transports: set[asyncio.Transport] = set()

    @property
    def url(self) -> str:
        """Where the operator finds it."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Proxy:
        context = ssl.create_default_context(cafile=str(self.plane.pki / "ca.crt"))
        connector = aiohttp.TCPConnector(ssl=context, limit=0)
        limits = aiohttp.ClientTimeout(total=None)
        self._session = aiohttp.ClientSession(connector=connector, trust_env=False, timeout=limits)
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.refuse()
        await self._session.close()

    async def listen(self) -> None:
        """Take connections (again)."""
        application = web.Application(client_max_size=1 << 26)
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def refuse(self) -> None:
        """Be gone: cut all connections, and refuse new ones."""
        self.cut()
        await self._runner.cleanup()

    def cut(self) -> None:
        """Cut all connections."""
        for transport in self._transports:
            transport.abort()
        self._transports.clear()

    def count(self, namespace: str) -> int:
        """How many calls there were in a namespace."""
        return self._numbers.get(namespace, 0)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        call = self._call(request)
        if request.transport is not None:
            self._transports.add(request.transport)
        body = await request.read()
        fault = self.watch_fault if call.watch else self.fault
        try:
            return await fault(call, lambda: self._forward(request, body))
        except (Broken, aiohttp.ClientError):
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)  # nobody gets it

    def _call(self, request: web.Request) -> Call:
        parts = request.path.split("/")
        namespace = parts[parts.index("namespaces") + 1] if "namespaces" in parts else ""
        call = Call(request.method, request.path, namespace, "watch" in request.query, request)
        if not call.watch:
            self._numbers[namespace] = call.number = self._numbers.get(namespace, 0) + 1
            self.calls.append(call)
        return call

    async def _forward(self, request: web.Request, body: bytes) -> web.StreamResponse:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        headers["User-Agent"] = f"{headers.get('User-Agent', '')} {self.name}".strip()
        url = URL(self.plane.url + request.raw_path, encoded=True)
        async with self._session.request(request.method, url, data=body or None, headers=headers) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
            if "watch" not in request.query or answer.status != 200:
                return web.Response(status=answer.status, body=await answer.read(), headers=kept)
            response = web.StreamResponse(status=answer.status, headers=kept)
            await response.prepare(request)
            with unfinished(answer):
                async for chunk in answer.content.iter_any():
                    await response.write(chunk)
            return response


def refusal(status: int, message: str = "a fault of the test", **headers: str) -> web.Response:
    """An answer as the API server refuses."""
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": status}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(status=status, text=json.dumps(body), content_type="application/json", headers=named)
