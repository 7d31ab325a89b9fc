"""The server's TLS context, and new certificates for it while it is in use.

Rule: a certificate reaches the live context only after it and its key have been loaded into a throw-away one; what is
checked, hashed and loaded are the same bytes, though the files may change in between.
"""

from __future__ import annotations

import os
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class CertificateError(ValueError):
    """The certificate and key cannot be used. The message holds nothing of the key."""


def new_context() -> ssl.SSLContext:
    """A server context without a certificate: TLS 1.2 and later, HTTP/1.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def load(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Let the context answer new handshakes with this pair. Raises CertificateError and leaves it as it was."""
    with _as_file(certificate) as certificate_path, _as_file(key) as key_path:
        try:
            new_context().load_cert_chain(certificate_path, key_path, password=_refuse)
            context.load_cert_chain(certificate_path, key_path, password=_refuse)
        except (ssl.SSLError, OSError) as error:
            reason = getattr(error, "reason", None) or "it cannot be read"
            raise CertificateError(f"certificate and key do not work together or are not PEM ({reason})") from error


class Front:
    """The context of the public listener, whose certificate and client CAs are both replaced while it is used.

    A CA cannot be taken out of a context, so each handshake is handed a context that was made from the newest files.
    Sessions are not resumed where clients are asked for certificates: one would outlive the CA that vouched for it.
    """

    def __init__(self) -> None:
        self.context = new_context()
        self._current = self.context
        self.context.sni_callback = self._hand_over

    def replace(self, certificate: bytes, key: bytes, authorities: bytes = b"") -> None:
        """Use these for new handshakes. Raises CertificateError and changes nothing."""
        fresh = new_context()
        if authorities:
            _trust(fresh, authorities)
        load(fresh, certificate, key)
        load(self.context, certificate, key)
        self._current = fresh
        self.context.verify_mode = fresh.verify_mode  # what a handshake begins with
        if authorities:
            self.context.options |= ssl.OP_NO_TICKET
            self.context.num_tickets = 0

    def _hand_over(self, connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        del name, context  # one certificate for every name
        connection.context = self._current


def _trust(context: ssl.SSLContext, authorities: bytes) -> None:
    try:
        context.load_verify_locations(cadata=authorities.decode("ascii"))
    except (ssl.SSLError, ValueError) as error:
        raise CertificateError("the client CAs are not PEM certificates") from error
    context.verify_mode = ssl.CERT_REQUIRED
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0


def _refuse() -> str:
    """Instead of asking at a terminal: an encrypted key does not load."""
    return ""


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """A path to bytes in memory, for an interface that takes only paths: a key is never written to a disk."""
    descriptor = os.memfd_create("wharf-certificate", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
