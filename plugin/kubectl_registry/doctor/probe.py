"""The way from this machine to the registry: name, connection, TLS handshake, first answer.

Rule: goes as far as it gets, and notes where it ended; nothing is sent before the handshake but the handshake.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING

from kubectl_registry.doctor.client import Client, Dial
from kubectl_registry.doctor.facts import Certificate, Way
from kubectl_registry.errors import ForbiddenError, PluginError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from kubectl_registry.addresses import Address

SECONDS = 8.0
"""Longest that a connection, a handshake or an answer may take."""

_TIME = (9, 10)
"""OpenSSL's X509_V_ERR_CERT_NOT_YET_VALID and HAS_EXPIRED: looked at by the certificate's own dates instead."""

_NAME = (62, 64)
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and IP_ADDRESS_MISMATCH."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What clients are to trust: the CA (PEM; empty: the system's), and CA files of clients on this machine."""

    ca: str
    files: Mapping[Path, str]
    plain_http: bool = False


def direct(address: Address) -> Dial:
    """Connections by name."""

    @contextmanager
    def dial() -> Iterator[socket.socket]:
        with socket.create_connection((address.host, address.port), SECONDS) as opened:
            yield opened

    return dial


def walk(way: Way, dial: Dial, trust: Trust) -> Way:
    """The way as far as it leads. `way` says where to; `dial` goes there."""
    if not way.forwarded:
        way = _resolve(way)
        if way.name_error:
            return way
    try:
        with dial() as opened:
            if not trust.plain_http:
                way = _handshake(way, opened)
    except ForbiddenError as error:
        return replace(way, not_tried=str(error))
    except (OSError, PluginError) as error:
        return replace(way, connect_error=_words(error))
    if trust.plain_http:
        return _first_answer(way, dial, None)
    if way.certificate is None:
        return way
    return _first_answer(_verify(way, dial, trust), dial, unverified())


def _resolve(way: Way) -> Way:
    try:
        found = socket.getaddrinfo(way.address.host, way.address.port, type=socket.SOCK_STREAM)
    except OSError as error:
        return replace(way, name_error=_words(error))
    return replace(way, resolved=tuple(dict.fromkeys(str(each[4][0]) for each in found)))


def _handshake(way: Way, opened: socket.socket) -> Way:
    """See the certificate, whatever it is worth. A connection that ends at once is none."""
    try:
        with unverified().wrap_socket(opened, server_hostname=way.address.host) as secured:
            shown = secured.getpeercert(binary_form=True)
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError) as error:
        return replace(way, connect_error=f"it closes the connection ({_words(error)})")
    except ssl.SSLError as error:
        return replace(way, tls_error=_words(error))
    return replace(way, certificate=certificate(shown)) if shown else way


def _verify(way: Way, dial: Dial, trust: Trust) -> Way:
    host = way.address.host
    if way.certificate is None:
        return way
    code, told = _refusal(dial, verifying(trust.ca, name=False), host)
    way = replace(way, trust_error="" if code in (0, *_TIME) else told)
    code, told = _refusal(dial, verifying(trust.ca), host)
    way = replace(way, host_error=told if code in _NAME else "", verified=code == 0)
    if way.forwarded:
        return way
    fits = {str(file): _refusal(dial, verifying(pem), host)[0] in (0, *_TIME) for file, pem in trust.files.items()}
    return replace(way, clients=fits, system=_refusal(dial, verifying(""), host)[0] == 0)


def verifying(ca: str, *, name: bool = True) -> ssl.SSLContext:
    """A context that verifies as a client does that trusts a CA (PEM; empty or unreadable: those of the system)."""
    try:
        context = ssl.create_default_context(cadata=ca or None)
    except ssl.SSLError:
        context = ssl.create_default_context()
    context.check_hostname = name
    return context


def _refusal(dial: Dial, context: ssl.SSLContext, host: str) -> tuple[int, str]:
    """Why a client with this context does not accept the server, by OpenSSL's code; 0 if it does."""
    try:
        with dial() as opened, context.wrap_socket(opened, server_hostname=host):
            return 0, ""
    except ssl.SSLCertVerificationError as error:
        return error.verify_code, error.verify_message
    except (OSError, PluginError) as error:
        return -1, _words(error)


def _first_answer(way: Way, dial: Dial, context: ssl.SSLContext | None) -> Way:
    try:
        return replace(way, answer=Client(dial, way.address.host, context).get("/v2/").status)
    except UnreachableError as error:
        return replace(way, connect_error=str(error))


def unverified() -> ssl.SSLContext:
    """A context that accepts any certificate: to look at it, and to go on when it is already known to be wrong."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # it was looked at, and a finding says what is wrong with it
    return context


def certificate(der: bytes) -> Certificate:
    """What a certificate says of itself."""
    from cryptography import x509  # noqa: PLC0415 - slow to import, and only this needs it
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415 - the same

    read = x509.load_der_x509_certificate(der)
    try:
        extension = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = tuple(str(each.value) for each in extension)
    except x509.ExtensionNotFound:
        names = ()
    return Certificate(
        subject=read.subject.rfc4514_string(),
        issuer=read.issuer.rfc4514_string(),
        names=names,
        not_before=read.not_valid_before_utc.astimezone(UTC),
        not_after=read.not_valid_after_utc.astimezone(UTC),
        fingerprint=read.fingerprint(SHA256()).hex(":").upper(),
    )


def _words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {SECONDS:.0f} s"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
