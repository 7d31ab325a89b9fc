"""The Registry's own certificate authority, and the server certificates that it issues.

Rule: what is good is kept; what is missing, broken, foreign, due or not what the spec asks for is made anew, and the
Event says why. A CA that is replaced while it is still good stays trusted until it expires.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec

from wharfinger.api.parse import duration
from wharfinger.api.reasons import Reason
from wharfinger.api.registry import Registry
from wharfinger.api.tls import SelfSigned
from wharfinger.children.ca import ca
from wharfinger.children.ca_bundle import ca_bundle
from wharfinger.children.owner import Owner, decoded
from wharfinger.children.tls import tls
from wharfinger.decide import x509
from wharfinger.decide.mint import Mint
from wharfinger.decide.observed import Manifest, Observed
from wharfinger.decide.outcome import Occurrence
from wharfinger.decide.serving import Serving


@dataclass(frozen=True, slots=True)
class _Authority:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    pem: str
    previous: str  # PEM of the CA before, while it is still valid
    made: str  # why it was made anew; empty: it was kept

    @property
    def bundle(self) -> str:
        return self.pem + self.previous


def self_signed(
    registry: Registry, owner: Owner, observed: Observed, hosts: tuple[str, ...], *, now: datetime, mint: Mint
) -> Serving:
    """The certificate for `hosts` from the Registry's own CA."""
    settings = registry.spec.tls.self_signed or SelfSigned()
    own = _authority(owner, observed, settings, now, mint)
    secret = observed.children.get(("Secret", owner.tls))
    why = _unfit(secret, own, hosts, duration(settings.validity), now)
    if why:
        key = mint.key()
        term = x509.Term(mint.serial(), now, duration(settings.validity))
        pem = x509.server(hosts, key, own.certificate, own.key, term)
        key_pem = x509.pem_of(key)
    else:
        pem, key_pem = (decoded(secret, "tls.crt") or b"").decode(), (decoded(secret, "tls.key") or b"").decode()
    leaf = x509.certificate(pem)
    return Serving(
        children=(
            ca(owner, certificate=own.pem, key=x509.pem_of(own.key), previous=own.previous),
            tls(owner, certificate=pem, key=key_pem, ca=own.bundle),
            ca_bundle(owner, bundle=own.bundle),
        ),
        events=tuple(_events(own, why, leaf)),
        wake=min(leaf.renews_at, own.certificate.renews_at),
        pem=pem,
        leaf=leaf,
        renews_at=leaf.renews_at,
        published=True,
    )


def _events(own: _Authority, why: str, leaf: x509.Certificate) -> list[Occurrence]:
    events = []
    if own.made:
        message = f"Made a certificate authority, valid until {own.certificate.not_after:%Y-%m-%d}: {own.made}"
        events.append(Occurrence("Normal", Reason.CA_ISSUED, message))
    if why:
        message = f"Issued a server certificate, valid until {leaf.not_after:%Y-%m-%d}: {why}"
        events.append(Occurrence("Normal", Reason.CERTIFICATE_ISSUED, message))
    return events


def _authority(owner: Owner, observed: Observed, settings: SelfSigned, now: datetime, mint: Mint) -> _Authority:
    secret = observed.children.get(("Secret", owner.ca))
    pem = (decoded(secret, "tls.crt") or b"").decode(errors="replace")
    previous = _still_valid(decoded(secret, "previous.crt"), now)
    try:
        certificate, key = x509.certificate(pem), x509.private_key(decoded(secret, "tls.key"))
    except x509.CertificateError:
        why = "there was none" if secret is None else "its Secret could not be read"
    else:
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not certificate.belongs_to(key):
            why = "its key was not its own"
        elif not certificate.signed_by(certificate):
            why = "it was not self-signed"
        elif now >= certificate.renews_at:
            why, previous = "two thirds of the last one's life were over", _still_valid(pem.encode(), now)
        else:
            return _Authority(certificate, key, pem, previous, "")
    new_key = mint.key()
    term = x509.Term(mint.serial(), now, duration(settings.ca_validity))
    made = x509.authority(f"{owner.name}.{owner.namespace} registry CA", new_key, term)
    return _Authority(x509.certificate(made), new_key, made, previous, why)


def _still_valid(pem: bytes | None, now: datetime) -> str:
    try:
        certificate = x509.certificate(pem)
    except x509.CertificateError:
        return ""
    return (pem or b"").decode() if now < certificate.not_after else ""


def _unfit(secret: Manifest | None, own: _Authority, hosts: tuple[str, ...], validity: timedelta, now: datetime) -> str:
    """Why the certificate in the Secret will not do; empty when it will."""
    if secret is None:
        return "there was none"
    try:
        leaf, key = x509.certificate(decoded(secret, "tls.crt")), x509.private_key(decoded(secret, "tls.key"))
    except x509.CertificateError:
        return "its Secret could not be read"
    checks = (
        (not leaf.belongs_to(key), "its key was not its own"),
        (not leaf.signed_by(own.certificate), "the last one was not signed by the present authority"),
        (now >= leaf.not_after, "the last one had expired"),
        (leaf.hosts != x509.normal_hosts(hosts), "the hosts have changed"),
        (leaf.lifetime != validity and leaf.not_after != own.certificate.not_after, "its lifetime has changed"),
        (now >= leaf.renews_at, "two thirds of the last one's life were over"),
    )
    return next((why for failed, why in checks if failed), "")
