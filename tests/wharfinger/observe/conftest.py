"""A registry pod's admin port on loopback, over TLS with a certificate for the Service's name."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from wharfinger import clock
from wharfinger.observe.report import Asker, Target

STATUS: dict[str, Any] = {
    "version": "0.1.0",
    "instance": "team-0",
    "configuration": {"sha256": "aa", "loadedAt": "2026-03-01T12:00:00Z", "error": ""},
    "htpasswd": {"sha256": "bb", "loadedAt": "2026-03-01T12:00:00Z", "error": "line 3 is malformed"},
    "certificate": None,
    "storage": {"used": 3, "capacity": 100, "available": 97, "readOnly": False},
    "webhooks": {"hook": {"delivered": 1, "pending": 2, "dead": 3, "lastSuccess": "", "lastErrorAt": "",
                          "lastError": "503 Service Unavailable", "nextAttempt": "2026-03-01T12:00:01Z"}},
}  # fmt: skip


class Pod:
    """Answers /status, and remembers who asked."""

    def __init__(self) -> None:
        self.answer: Callable[[], web.Response] = lambda: web.json_response(STATUS)
        self.tokens: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.ca = ""
        self.port = 0

    async def status(self, request: web.Request) -> web.Response:
        self.tokens.append(request.headers.get("Authorization", ""))
        await self.gate.wait()
        return self.answer()

    def target(self, **changes: Any) -> Target:
        return Target(
            **{"uid": "p0", "address": "127.0.0.1", "server_name": "team.ci.svc", "ca": self.ca, "token": "t"} | changes
        )


def certificate(directory: Path, name: str) -> tuple[str, ssl.SSLContext]:
    """A self-signed certificate for a name: its PEM, and a server's context."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = clock.now()
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (directory / "chain.pem").write_bytes(pem + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "chain.pem")
    return pem.decode(), context


@pytest.fixture
async def pod(tmp_path: Path) -> AsyncIterator[Pod]:
    """A pod whose certificate is for team.ci.svc."""
    pod = Pod()
    pod.ca, context = certificate(tmp_path, "team.ci.svc")
    application = web.Application()
    application.router.add_get("/status", pod.status)
    server = TestServer(application)
    await server.start_server(ssl=context)
    assert server.port is not None
    pod.port = server.port
    yield pod
    pod.gate.set()
    await server.close()


@pytest.fixture
async def asker(pod: Pod) -> AsyncIterator[Asker]:
    """Asks on the port that the pod listens on."""
    async with Asker(port=pod.port) as asker:
        yield asker
