"""What a webhook's endpoint is trusted by, and the certificate that is presented to it.

Rule: only what can be used is passed on: text that holds certificates, and a key that is the certificate's.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from wharfinger.api.ca_source import CaSource
from wharfinger.api.reasons import Reason
from wharfinger.api.webhook import ClientCertificate, EndpointTls
from wharfinger.children.owner import decoded
from wharfinger.decide.ca_source import look
from wharfinger.decide.condition import Finding, bad
from wharfinger.decide.observed import Observed


@dataclass(frozen=True, slots=True)
class Trust:
    """PEM texts, empty where nothing was asked for, and what is in the way."""

    ca: str = ""
    certificate: str = ""
    key: str = field(default="", repr=False)
    problem: Finding | None = None


def read(tls: EndpointTls | None, observed: Observed) -> Trust:
    """Read what `spec.tls` names."""
    if tls is None:
        return Trust()
    ca, ca_problem = _ca(tls.ca, observed) if tls.ca else ("", None)
    certificate, key, problem = _pair(tls.client_certificate, observed) if tls.client_certificate else ("", "", None)
    return Trust(ca, certificate, key, ca_problem or problem)


def _ca(source: CaSource, observed: Observed) -> tuple[str, Finding | None]:
    found = look(source, observed)
    if found.pem:
        return found.pem, None
    if found.there:
        message = f"key {source.key!r} of {found.what} holds no PEM certificate: put the CA there"
    else:
        message = f"{found.what} is missing: create it with the CA under {source.key!r}"
    return "", bad(Reason.CA_MISSING, f"{message}. Until then events are kept")


def _pair(source: ClientCertificate, observed: Observed) -> tuple[str, str, Finding | None]:
    live = observed.secrets.get(source.secret_name)
    certificate, key = decoded(live, "tls.crt") or b"", decoded(live, "tls.key") or b""
    wrong = "is missing" if live is None else _mismatch(certificate, key)
    if not wrong:
        return certificate.decode(), key.decode(), None
    message = f"Secret {source.secret_name!r}, the client certificate, {wrong}: put a PEM certificate into tls.crt and"
    return (
        "",
        "",
        bad(Reason.CLIENT_CERTIFICATE_UNUSABLE, f"{message} its key into tls.key. Until then events are kept"),
    )


def _mismatch(certificate: bytes, key: bytes) -> str:
    """What is wrong with a pair; empty when nothing is."""
    try:
        public = x509.load_pem_x509_certificates(certificate)[0].public_key()
        certificate.decode(), key.decode()
    except ValueError:
        return "holds no certificate"
    try:
        private = load_pem_private_key(key, None)
    except (ValueError, TypeError):
        return "holds no key that can be read"
    return "" if private.public_key() == public else "holds a key that is not the certificate's"
