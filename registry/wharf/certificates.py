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
