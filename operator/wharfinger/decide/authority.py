"""The server certificates that the Registry's own certificate authority issues.

Rule: what is good is kept; what is missing, broken, foreign, due or not what the spec asks for is made anew, and the
Event says why. The life of the authority itself is in `rotation`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from wharfinger.api.parse import duration, rfc3339
from wharfinger.api.reasons import Reason
from wharfinger.api.registry import Registry
from wharfinger.api.status import CaRotation
from wharfinger.api.tls import SelfSigned
from wharfinger.children.ca import ca
from wharfinger.children.ca_bundle import ca_bundle
from wharfinger.children.owner import Owner, decoded
from wharfinger.children.tls import tls
from wharfinger.decide import rotation, x509
from wharfinger.decide.mint import Mint
from wharfinger.decide.observed import Manifest, Observed
from wharfinger.decide.outcome import Occurrence
from wharfinger.decide.rotation import Authority, Signer, Surroundings
from wharfinger.decide.serving import Serving


def self_signed(
    registry: Registry, owner: Owner, observed: Observed, hosts: tuple[str, ...], *, now: datetime, mint: Mint
) -> Serving:
    """The certificate for `hosts` from the Registry's own CA."""
    settings = registry.spec.tls.self_signed or SelfSigned()
    secret = observed.children.get(("Secret", owner.tls))
    own = rotation.decide(
        observed.children.get(("Secret", owner.ca)),
        Surroundings(
            name=f"{owner.name}.{owner.namespace} registry CA",
            settings=settings,
            published=_published(owner, observed),
            leaf_ends=_ends(secret),
            now=now,
            mint=mint,
        ),
    )
    why = _unfit(secret, own.current, hosts, duration(settings.validity), now)
    if why:
        key = mint.key()
        term = x509.Term(mint.serial(), now, duration(settings.validity))
        issued = x509.server(hosts, key, own.current.certificate, own.current.key, term)
        key_pem = x509.pem_of(key)
    else:
        issued, key_pem = x509.split(_text(secret, "tls.crt"))[0], _text(secret, "tls.key")
    leaf = x509.certificate(issued)
    pem = issued + own.cross
    return Serving(
        children=_children(owner, own, pem, key_pem),
        events=(*own.events, *_event(why, leaf)),
        wake=min(leaf.renews_at, own.wake),
        pem=pem,
        leaf=leaf,
        renews_at=leaf.renews_at,
        published=True,
        ca_not_after=own.current.certificate.not_after,
        ca_rotation=_progress(own),
    )


def _children(owner: Owner, own: Authority, pem: str, key: str) -> tuple[dict[str, object], ...]:
    """In the order of writing: the authority's keys are safe before anything is signed or published."""
    held = {"tls.crt": own.current.pem, "tls.key": x509.pem_of(own.current.key), **own.data()}
    return (
        ca(owner, data=held, annotations=own.annotations()),
        tls(owner, certificate=pem, key=key, ca=own.bundle),
        ca_bundle(owner, bundle=own.bundle),
    )


def _published(owner: Owner, observed: Observed) -> tuple[str, ...]:
    """The bundles as clients can read them."""
    config_map = observed.children.get(("ConfigMap", owner.ca)) or {}
    in_secret = _text(observed.children.get(("Secret", owner.tls)), "ca.crt")
    return str((config_map.get("data") or {}).get("ca.crt", "")), in_secret


def _ends(secret: Manifest | None) -> datetime | None:
    try:
        return x509.certificate(decoded(secret, "tls.crt")).not_after
    except x509.CertificateError:
        return None


def _text(secret: Manifest | None, key: str) -> str:
    return (decoded(secret, key) or b"").decode(errors="replace")


def _event(why: str, leaf: x509.Certificate) -> tuple[Occurrence, ...]:
    if not why:
        return ()
    message = f"Issued a server certificate, valid until {leaf.not_after:%Y-%m-%d}: {why}"
    return (Occurrence("Normal", Reason.CERTIFICATE_ISSUED, message),)


def _progress(own: Authority) -> CaRotation | None:
    """How far a rotation is; None while there is none."""
    if own.upcoming is not None:
        due = own.switches_at or own.upcoming.made_at
        return CaRotation(phase="Publishing", next_step_at=rfc3339(due))
    if own.retired:
        return CaRotation(phase="Retiring", next_step_at=rfc3339(min(one.until for one in own.retired)))
    return None


def _unfit(secret: Manifest | None, own: Signer, hosts: tuple[str, ...], validity: timedelta, now: datetime) -> str:
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
