"""The TLS context of an endpoint: whom it trusts, and the certificate that it presents.

Rule: the endpoint's name is verified, always; what cannot be used is an error that names the field and tells nothing of
a key.
"""

from __future__ import annotations

import ssl
from functools import cache
from typing import TYPE_CHECKING

from wharf import certificates

if TYPE_CHECKING:
    from wharf.webhook_settings import Webhook


class TrustError(ValueError):
    """A certificate or key of the webhook cannot be used. The message names the field."""


def context(hook: Webhook) -> ssl.SSLContext:
    """A client's context, by the webhook's settings. Raises TrustError."""
    if not hook.ca and not hook.client_certificate:
        return _common()
    made = _made(hook.ca)
    if hook.ca:
        made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # what is given may be an intermediate, or the very one
    if hook.client_certificate:
        try:
            certificates.load(made, hook.client_certificate.encode(), hook.client_key.encode())
        except certificates.CertificateError as error:
            raise TrustError(f"the webhook's `clientCertificate` and `clientKey`: {error}") from error
    return made


@cache
def _common() -> ssl.SSLContext:
    """The context of all that name nobody whom to trust: the system's authorities take a while to read, and room."""
    return _made("")


def _made(authorities: str) -> ssl.SSLContext:
    try:
        made = ssl.create_default_context(cadata=authorities or None)
    except (ssl.SSLError, ValueError) as error:
        raise TrustError("the webhook's `ca` is not PEM: give it certificates in PEM form") from error
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_alpn_protocols(["http/1.1"])
    return made
