"""The registry's own report: asking a pod for it, and reading the answer.

Rule: nothing is believed that did not come over TLS from a holder of the Registry's certificate (unless TLS is
disabled), in good time, of a modest size, and in the agreed form; and nobody else is shown the token. A pod that
presents the very certificate that it should is recognised by that, in one context for all of them; a context with the
Registry's own CAs, which takes longer to make than the handshake, is only for one that presents another.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal

import aiohttp
import msgspec

from wharfinger import clock
from wharfinger.decide.observed import Damage, FileReport, GarbageReport, Report, WebhookReport

ADMIN_PORT = 5001
_LARGEST = 4 * 1024 * 1024  # bytes
_SECONDS = 3.0
_AT_ONCE = 64  # pods that are being asked
Count = Annotated[int, msgspec.Meta(ge=0)]


class ReportError(RuntimeError):
    """A pod gave no report; the message says why."""


@dataclass(frozen=True, slots=True)
class Pin:
    """The certificate that a pod should present: it is for the server name, and trusted as it is."""

    sha256: bytes  # of its DER form
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Target:
    """A pod to ask. `ca` is empty when the registry speaks plain HTTP."""

    uid: str
    address: str  # IP of the pod
    server_name: str  # name that its certificate must carry
    ca: str = field(repr=False)  # trusted certificates, PEM
    token: str = field(repr=False)
    pin: Pin | None = None


class _File(msgspec.Struct):
    sha256: str
    error: str = ""


class _Storage(msgspec.Struct, rename="camel"):
    used: Count
    capacity: Count
    available: Count
    read_only: bool


_NOTHING = _Storage(0, 0, 0, read_only=False)


class _Webhook(msgspec.Struct, rename="camel"):
    delivered: Count
    pending: Count
    dead: Count
    last_success: str = ""
    last_error_at: str = ""
    last_error: str = ""
    next_attempt: str = ""
    failed: Count = 0
    refused: Count = 0
    dropped: Count = 0


class _Garbage(msgspec.Struct, rename="camel"):
    last_run: str = ""
    next_run: str = ""
    freed: Count = 0
    error: str = ""
    blobs_doubted: Count = 0


class _Damage(msgspec.Struct):
    digest: str
    images: tuple[str, ...] = ()


class _Scrub(msgspec.Struct):
    damaged: tuple[_Damage, ...] = ()


class _Status(msgspec.Struct):
    version: str
    configuration: _File | None
    htpasswd: _File | None
    certificate: _File | None
    role: Literal["active", "standby"] = "active"
    storage: _Storage | None = None
    webhooks: dict[str, _Webhook] = {}
    garbage: _Garbage = msgspec.field(default_factory=_Garbage, name="garbageCollection")
    scrub: _Scrub = msgspec.field(default_factory=_Scrub)
    client_ca: _File | None = msgspec.field(default=None, name="clientCa")


def parse(body: bytes) -> Report:
    """Read a report. Fields it does not know are passed over: the registry may be newer. Raises ReportError."""
    try:
        status = msgspec.json.decode(body, type=_Status)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ReportError(f"its report is malformed: {error}") from None
    standby = status.role == "standby"
    storage = _NOTHING if standby else status.storage
    if storage is None:
        raise ReportError("its report is malformed: it says nothing of its storage")
    return Report(
        version=status.version,
        configuration=_file(status.configuration),
        htpasswd=_file(status.htpasswd),
        certificate=_file(status.certificate),
        client_ca=_file(status.client_ca),
        used=storage.used,
        capacity=storage.capacity,
        available=storage.available,
        read_only=storage.read_only,
        webhooks={name: WebhookReport(**msgspec.structs.asdict(hook)) for name, hook in status.webhooks.items()},
        garbage=_garbage(status.garbage),
        damaged=tuple(Damage(one.digest, one.images) for one in status.scrub.damaged),
        standby=standby,
    )


def _garbage(told: _Garbage) -> GarbageReport:
    return GarbageReport(told.last_run, told.next_run, told.freed, told.error, told.blobs_doubted)


def _file(file: _File | None) -> FileReport:
    return FileReport(file.sha256, file.error) if file else FileReport("")


class Asker:
    """Asks pods for their reports. Use as an async context manager."""

    def __init__(self, port: int = ADMIN_PORT, now: Callable[[], datetime] = clock.now) -> None:
        self._port = port
        self._now = now
        connector = aiohttp.TCPConnector(force_close=True, limit=0)  # polls are too rare to keep a connection open
        self._slots = asyncio.Semaphore(_AT_ONCE)  # not the connector's: waiting for one is not the pod's fault
        self._session = aiohttp.ClientSession(connector=connector, trust_env=False)

    async def __aenter__(self) -> Asker:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def ask(self, target: Target) -> Report:
        """GET /status from one pod. Raises ReportError."""
        try:
            return parse(await self._get(target))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise ReportError(f"its admin port gave no answer: {_describe(error)}") from None

    async def _get(self, target: Target) -> bytes:
        pin = target.pin
        if not target.ca:
            return await self._get_by(target, False)
        if pin is not None and pin.not_before <= self._now() <= pin.not_after:
            with suppress(aiohttp.ServerFingerprintMismatch):  # an older one, as a rule, which may be trusted still
                return await self._get_by(target, aiohttp.Fingerprint(pin.sha256))
        return await self._get_by(target, _trust(target))

    async def _get_by(self, target: Target, trust: ssl.SSLContext | aiohttp.Fingerprint | bool) -> bytes:
        """The answer of one that `trust` lets be (False: over plain HTTP, of anybody)."""
        host = f"[{target.address}]" if ":" in target.address else target.address
        url = f"{'https' if target.ca else 'http'}://{host}:{self._port}/status"
        headers = {"Authorization": f"Bearer {target.token}"}
        limits = aiohttp.ClientTimeout(total=_SECONDS)
        name = target.server_name or None
        async with (
            self._slots,
            self._session.get(
                url, headers=headers, ssl=trust, server_hostname=name, timeout=limits, allow_redirects=False
            ) as response,
        ):
            body = await response.content.read(_LARGEST)
            while len(body) < _LARGEST and (more := await response.content.read(_LARGEST - len(body))):
                body += more
            if response.status != 200:
                raise ReportError(f"its admin port answered {response.status}")
            return body


def _trust(target: Target) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=target.ca)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # a given certificate may itself be what is trusted
    return context


def _describe(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"nothing within {_SECONDS:g} s"
    if type(error) is aiohttp.ClientConnectorError:  # its own text names an object by its address: always another one
        return str(error.strerror)
    return str(error) or type(error).__name__
