"""The ASGI application of the admin listener: probes for the kubelet, /status for the operator, /metrics, and /gc.

Rule: probes need no credentials and say nothing; /status and /metrics need the admin token where one is set, and what
changes something needs one that is set. Nothing here is reachable through the public listener.
"""

from __future__ import annotations

import asyncio
import hmac
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from wharf import __version__
from wharf import clock as wall
from wharf.blobs.interface import BlobError
from wharf.garbage import history
from wharf.garbage.exclusive import SweepRunningError
from wharf.garbage.history import Past
from wharf.metadata.interface import MetadataError
from wharf.peers import FILES, agreed, said_of
from wharf.verify import scrub
from wharf.verify.scrub import Scrubbed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from wharf.http.messages import Message, Receive, Send
    from wharf.http.services import Services
    from wharf.peers import Word

PROBE_SECONDS = 5.0
"""Longest that the index may take before wharf calls itself not ready."""

Answer = tuple[int, str, bytes]
"""Status code, media type and body."""

TEXT = "text/plain; version=0.0.4; charset=utf-8"
JSON = "application/json"

READY = (200, TEXT, b"ok\n")
NOT_FOUND = (404, TEXT, b"there are /livez /readyz /startupz /status /metrics /gc\n")

_ALLOW = {"/gc": "POST"}
"""Methods of the paths that are not just read."""

_GUARDED = ("/status", "/metrics", "/gc")


def readiness(problem: str) -> Answer:
    """The answer of /readyz; `problem`: why requests should go elsewhere, empty when they need not."""
    return (503, TEXT, f"{problem}\n".encode()) if problem else READY


def refusal(scope: Message, token: str) -> Answer | None:
    """Why a request is not answered; None when it is."""
    if scope["method"] not in _allow(scope).split(", "):
        return 405, TEXT, f"only {_allow(scope)}\n".encode()
    given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    authorized = not token or hmac.compare_digest(bytes(given), b"Bearer " + token.encode())
    if scope["path"] in _GUARDED and not authorized:
        return 401, TEXT, b"send the admin token: Authorization: Bearer TOKEN\n"
    if scope["path"] in _ALLOW and not token:
        return 403, TEXT, b"set adminTokenFile: who may read the status may not change anything\n"
    return None


async def answer(scope: Message, send: Send, given: Answer) -> None:
    """Send an answer."""
    status, kind, body = given
    headers = [
        (b"content-type", kind.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if status == 405:
        headers.append((b"allow", _allow(scope).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def loaded(files: Mapping[str, Mapping[str, str] | None]) -> dict[str, object]:
    """What /status says of each of FILES."""
    return {"clientCa" if name == "client_ca" else name: files[name] for name in FILES}


async def _alone() -> Sequence[Word | None]:
    """What other workers say where there are none."""
    return ()


@dataclass(frozen=True, slots=True)
class Reports:
    """What /status asks of others: files by name, webhooks, garbage, scrubbing, the token that it is asked with, and
    the other worker processes. `sweep` is what /gc asks for: it answers when the sweep began.
    """

    file: Callable[[str], Mapping[str, str] | None]
    webhooks: Callable[[], Awaitable[Mapping[str, Mapping[str, object]]]]
    garbage: Callable[[], Awaitable[tuple[Past, float | None]]]
    sweep: Callable[[], float]
    scrubbed: Callable[[], Awaitable[Scrubbed]]
    token: Callable[[], str]
    others: Callable[[], Awaitable[Sequence[Word | None]]] = _alone


class AdminApp:
    """Probes, status and metrics."""

    def __init__(self, services: Services, reports: Reports) -> None:
        self._services = services
        self._reports = reports

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        del receive  # nothing here takes a body
        await answer(scope, send, refusal(scope, self._reports.token()) or await self._answer(scope))

    async def _answer(self, scope: Message) -> Answer:
        match scope["path"]:
            case "/livez" | "/startupz":
                return READY
            case "/readyz":
                return readiness(await self._not_ready())
            case "/status":
                return 200, JSON, msgspec.json.encode(await self._status())
            case "/metrics":
                return 200, TEXT, (await self._metrics()).encode()
            case "/gc":
                return self._sweep()
        return NOT_FOUND

    def _sweep(self) -> Answer:
        """Begin to collect garbage."""
        try:
            begin = self._reports.sweep()
        except SweepRunningError as error:
            return 409, TEXT, f"{error}\n".encode()
        except BlobError as error:
            return 503, TEXT, f"{error}\n".encode()
        garbage = self._services.live.config.garbage_collection
        begun = {"begun": wall.rfc3339(begin), "gracePeriod": garbage.grace_period, "untagged": garbage.untagged}
        return 202, JSON, msgspec.json.encode(begun)

    async def _not_ready(self) -> str:
        """Why requests should go elsewhere; empty when they need not."""
        if self._services.stopping:
            return "stopping"
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await self._services.index.repositories("", 1)
        except (MetadataError, TimeoutError):
            return "the index does not answer"
        return ""

    async def _status(self) -> dict[str, object]:
        storage: dict[str, object]
        try:
            usage = await self._services.blobs.usage()
        except BlobError:
            storage = {"used": 0, "capacity": 0, "available": 0}
        else:
            storage = {"used": usage.used, "capacity": usage.capacity, "available": usage.available}
        storage["readOnlyReason"] = reason = self._read_only()
        storage["readOnly"] = bool(reason)
        words = await self._reports.others()
        files = {name: agreed(self._reports.file(name), said_of(name, words)) for name in FILES}
        return {
            "version": __version__,
            "instance": socket.gethostname(),
            "role": "active",
            **loaded(files),
            "storage": storage,
            "webhooks": await self._webhooks(),
            "garbageCollection": history.report(*await self._garbage()),
            "scrub": scrub.report(await self._scrubbed()),
        }

    def _read_only(self) -> str:
        """Why pushes are refused; empty when they are not."""
        if self._services.live.config.read_only:
            return "the configuration sets readOnly"
        try:
            return self._services.room.shortage() if self._services.room else ""
        except BlobError as error:
            return str(error)

    async def _webhooks(self) -> Mapping[str, Mapping[str, object]]:
        try:
            return await self._reports.webhooks()
        except MetadataError:
            return {}

    async def _garbage(self) -> tuple[Past, float | None]:
        try:
            return await self._reports.garbage()
        except MetadataError:
            return Past(), None

    async def _scrubbed(self) -> Scrubbed:
        try:
            return await self._reports.scrubbed()
        except (MetadataError, BlobError):
            return Scrubbed()

    async def _metrics(self) -> str:
        metrics = self._services.metrics
        try:
            usage = await self._services.blobs.usage()
        except BlobError:
            metrics.storage.values.clear()
        else:
            for kind in ("used", "capacity", "available"):
                metrics.storage.set(kind, value=getattr(usage, kind))
        metrics.webhook_events.values.clear()
        for name, report in (await self._webhooks()).items():
            for state in ("delivered", "pending", "dead", "failed", "refused", "dropped"):
                count = report.get(state, 0)
                metrics.webhook_events.set(name, state, value=float(count) if isinstance(count, int) else 0.0)
        metrics.read_only.set(value=float(bool(self._read_only())))
        self._count_garbage((await self._garbage())[0])
        past = await self._scrubbed()
        metrics.scrub_blobs.set(value=past.blobs)
        metrics.scrub_bytes.set(value=past.size)
        metrics.scrub_damaged.set(value=len(past.damages))
        metrics.scrub_time.set(value=past.finished or 0.0)
        return metrics.exposition([word.metrics for word in await self._reports.others() if word is not None])

    def _count_garbage(self, past: Past) -> None:
        metrics = self._services.metrics
        for kind in ("manifests", "blobs", "uploads"):
            metrics.garbage_deleted.set(kind, value=getattr(past.total, kind))
        metrics.garbage_freed.set(value=past.total.freed)
        metrics.garbage_time.set(value=past.last_run or 0.0)
        metrics.garbage_doubted.set(value=float(past.doubted))
        metrics.garbage_failed.set(value=float(bool(past.error)))


def _allow(scope: Message) -> str:
    """The methods that a path can be asked with."""
    return _ALLOW.get(scope["path"], "GET, HEAD")
