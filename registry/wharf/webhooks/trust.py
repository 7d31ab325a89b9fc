"""The TLS context of an endpoint: whom it trusts, and the certificate that it presents.

Rule: the endpoint's name is verified, always; what cannot be used is an error that names the field and tells nothing of
a key.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Literal

from wharf import certificates

if TYPE_CHECKING:
    from wharf.webhook_settings import Webhook


class TrustError(ValueError):
    """A certificate or key of the webhook cannot be used. The message names the field."""


def context(hook: Webhook) -> ssl.SSLContext | Literal[True]:
    """A client's context, by the webhook's settings; True for aiohttp's own, which all share. Raises TrustError."""
    if not hook.ca and not hook.client_certificate:
        return True
    try:
        made = ssl.create_default_context(cadata=hook.ca or None)
    except (ssl.SSLError, ValueError) as error:
        raise TrustError("the webhook's `ca` is not PEM: give it certificates in PEM form") from error
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if hook.ca:
        made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # what is given may be an intermediate, or the very one
    if hook.client_certificate:
        try:
            certificates.load(made, hook.client_certificate.encode(), hook.client_key.encode())
        except certificates.CertificateError as error:
            raise TrustError(f"the webhook's `clientCertificate` and `clientKey`: {error}") from error
    return made
