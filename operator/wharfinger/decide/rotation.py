"""The life of the Registry's own CA: made, published, put to use, replaced, no longer trusted.

Rule: clients come first. A new CA is published beside the one in use before anything is signed by it; once it signs,
the one before goes on being trusted, and vouches for the new one by a cross certificate, until the last certificate
that it signed has ended. All of that is in one Secret, written at once, so that a step is either taken or not.

    stable --(two thirds of its life, or another rotation text)--> publishing: `next` waits, both are in the bundle
    publishing --(the overlap is over, and the bundle is out)--> retiring: `next` signs, the old one is trusted still
    retiring --(its last certificate has ended)--> stable
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec

from wharfinger.api.parse import ParseError, duration, rfc3339, timestamp
from wharfinger.api.reasons import Reason
from wharfinger.api.tls import SelfSigned
from wharfinger.children.ca import ROTATION, TRUSTED_UNTIL
from wharfinger.children.owner import decoded
from wharfinger.decide import x509
from wharfinger.decide.mint import Mint
from wharfinger.decide.observed import Manifest
from wharfinger.decide.outcome import Occurrence


@dataclass(frozen=True, slots=True)
class Signer:
    """A CA whose key is at hand."""

    pem: str
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def made_at(self) -> datetime:
        """When it was made."""
        return self.certificate.not_before + x509.CLOCK_SKEW


@dataclass(frozen=True, slots=True)
class Retired:
    """A CA that no longer signs and is trusted for a while."""

    pem: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """The CA in use, the one to come, and those that were."""

    current: Signer
    upcoming: Signer | None = None
    retired: tuple[Retired, ...] = ()
    cross: str = ""  # the current CA as certified by the one before, for clients that know only that one
    rotation: str = ""  # the text of the spec that the newest CA belongs to
    switches_at: datetime | None = None
    events: tuple[Occurrence, ...] = ()

    @property
    def bundle(self) -> str:
        """What clients should trust, PEM."""
        upcoming = self.upcoming.pem if self.upcoming else ""
        return self.current.pem + upcoming + "".join(one.pem for one in self.retired)

    @property
    def wake(self) -> datetime:
        """When the next step is due."""
        if self.switches_at is not None:
            return self.switches_at
        return min([self.current.certificate.renews_at, *(one.until for one in self.retired)])

    def data(self) -> dict[str, str]:
        """What the Secret holds besides the CA in use."""
        upcoming = {"next.crt": self.upcoming.pem, "next.key": x509.pem_of(self.upcoming.key)} if self.upcoming else {}
        old = {"previous.crt": "".join(one.pem for one in self.retired), "cross.crt": self.cross}
        return upcoming | {name: text for name, text in old.items() if text}

    def annotations(self) -> dict[str, str]:
        """What the Secret says of itself."""
        times = {x509.certificate(one.pem).fingerprint: rfc3339(one.until) for one in self.retired}
        return {ROTATION: self.rotation} | ({TRUSTED_UNTIL: json.dumps(times, sort_keys=True)} if times else {})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a step depends on besides the Secret."""

    name: str  # of the CA, as its certificate has it
    settings: SelfSigned
    published: tuple[str, ...]  # the bundles that are out
    leaf_ends: datetime | None  # when the server certificate in use ends
    now: datetime
    mint: Mint


def decide(secret: Manifest | None, around: Surroundings) -> Authority:
    """Take every step that is due."""
    known = _read(secret, around.now)
    if isinstance(known, str):
        own = replace(_made(around, known), rotation=around.settings.rotation)
    else:
        own = _retired(known, around)
    return _switched(_begun(own, around), around)


def _read(secret: Manifest | None, now: datetime) -> Authority | str:
    """What the Secret holds; or why that is of no use."""
    current, why = _signer(secret, "tls")
    upcoming, _ = _signer(secret, "next")
    if current is None and upcoming is not None:
        current, upcoming = upcoming, None
    if current is None:
        return "there was none" if secret is None else why
    annotations = (secret or {}).get("metadata", {}).get("annotations") or {}
    return Authority(
        current=current,
        upcoming=upcoming,
        retired=_old(decoded(secret, "previous.crt"), annotations.get(TRUSTED_UNTIL, ""), now),
        cross=_cross(decoded(secret, "cross.crt"), current),
        rotation=str(annotations.get(ROTATION, "")),
    )


def _signer(secret: Manifest | None, part: str) -> tuple[Signer | None, str]:
    """A CA of the Secret; or None, and why."""
    pem = (decoded(secret, f"{part}.crt") or b"").decode(errors="replace")
    try:
        certificate, key = x509.certificate(pem), x509.private_key(decoded(secret, f"{part}.key"))
    except x509.CertificateError:
        return None, "its Secret could not be read"
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not certificate.belongs_to(key):
        return None, "its key was not its own"
    if not certificate.signed_by(certificate):
        return None, "it was not self-signed"
    return Signer(pem, certificate, key), ""


def _old(pems: bytes | None, times: str, now: datetime) -> tuple[Retired, ...]:
    """The CAs that are trusted still; without a time that can be read, for as long as they are valid."""
    try:
        known = json.loads(times or "{}")
    except ValueError:
        known = {}
    found = []
    for pem in x509.split((pems or b"").decode(errors="replace")):
        certificate = x509.certificate(pem)
        try:
            until = min(timestamp(known[certificate.fingerprint]), certificate.not_after)
        except (ParseError, KeyError, TypeError):
            until = certificate.not_after
        if now < until:
            found.append(Retired(pem, until))
    return tuple(found)


def _cross(pem: bytes | None, current: Signer) -> str:
    try:
        certificate = x509.certificate(pem)
    except x509.CertificateError:
        return ""
    return (pem or b"").decode() if certificate.belongs_to(current.key) else ""


def _retired(own: Authority, around: Surroundings) -> Authority:
    """Without the cross certificate, once nobody is left to need it."""
    vouching = any(x509.certificate(own.cross).signed_by(x509.certificate(one.pem)) for one in own.retired if own.cross)
    return own if vouching else replace(own, cross="")


def _made(around: Surroundings, why: str) -> Authority:
    signer = _new(around)
    message = f"Made a certificate authority, valid until {signer.certificate.not_after:%Y-%m-%d}: {why}"
    return Authority(current=signer, events=(Occurrence("Normal", Reason.CA_ISSUED, message),))


def _new(around: Surroundings) -> Signer:
    key = around.mint.key()
    term = x509.Term(around.mint.serial(), around.now, duration(around.settings.ca_validity))
    pem = x509.authority(around.name, key, term)
    return Signer(pem, x509.certificate(pem), key)


def _begun(own: Authority, around: Surroundings) -> Authority:
    """With a new CA to publish, if one is due."""
    text = around.settings.rotation
    asked = bool(text) and text != own.rotation
    if asked:
        own = replace(own, rotation=text)
    if own.upcoming is None:
        if asked:
            why = "spec.tls.selfSigned.rotation has changed"
        elif around.now >= own.current.certificate.renews_at:
            why = "two thirds of the last one's life were over"
        else:
            return own
        upcoming = _new(around)
        own = replace(own, upcoming=upcoming)
        message = (
            f"Made a new certificate authority, valid until {upcoming.certificate.not_after:%Y-%m-%d}: {why}. It is "
            f"published now, and signs from {rfc3339(_due(own, upcoming, around.settings))}"
        )
        own = replace(own, events=(*own.events, Occurrence("Normal", Reason.CA_ISSUED, message)))
    return replace(own, switches_at=_due(own, own.upcoming, around.settings)) if own.upcoming else own


def _due(own: Authority, upcoming: Signer, settings: SelfSigned) -> datetime:
    """When the new CA is to sign: after the overlap, or half-way to the end of the old one if that comes first."""
    half = (own.current.certificate.not_after - upcoming.made_at) / 2
    return upcoming.made_at + max(timedelta(), min(duration(settings.rotation_overlap), half))


def _switched(own: Authority, around: Surroundings) -> Authority:
    """With the new CA in use, if its time has come and its publication has been seen."""
    old, upcoming = own.current, own.upcoming
    if upcoming is None or own.switches_at is None or around.now < own.switches_at:
        return own
    overlap = duration(around.settings.rotation_overlap)
    out = all(upcoming.pem in bundle for bundle in around.published)
    if overlap and not out and around.now < old.certificate.not_after:
        return replace(own, switches_at=around.now + timedelta(seconds=1))
    until = min(old.certificate.not_after, max(around.leaf_ends or around.now, around.now + overlap))
    kept = bool(overlap) and around.now < until
    term = x509.Term(around.mint.serial(), around.now, until - around.now + x509.CLOCK_SKEW)
    message = "The new certificate authority signs from now on; the one before is "
    message += f"trusted until {rfc3339(until)}" if kept else "trusted no longer"
    return replace(
        own,
        current=upcoming,
        upcoming=None,
        switches_at=None,
        retired=(*own.retired, Retired(old.pem, until)) if kept else (),
        cross=x509.cross(upcoming.certificate, old.certificate, old.key, term) if kept else "",
        events=(*own.events, Occurrence("Normal", Reason.CA_SWITCHED, message)),
    )
