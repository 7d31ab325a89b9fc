"""A certificate that comes from elsewhere, in a Secret: by hand, or by cert-manager.

Rule: it is copied once nothing speaks against it, so that a bad one never replaces one that works.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from wharfinger.api.parse import rfc3339
from wharfinger.api.reasons import Reason
from wharfinger.api.registry import Registry
from wharfinger.children.ca_bundle import ca_bundle
from wharfinger.children.owner import Owner, decoded
from wharfinger.children.tls import tls
from wharfinger.decide import x509
from wharfinger.decide.condition import Finding, bad, first, good
from wharfinger.decide.conditions import before
from wharfinger.decide.observed import Manifest, Observed
from wharfinger.decide.outcome import Key, Occurrence
from wharfinger.decide.serving import Serving

_WARNED = timedelta(days=30)  # before the end, and no more than a quarter of its life
_ORDER = "tls.crt is the server's certificate, then each intermediate after the one that it signed"


def given(
    registry: Registry, owner: Owner, observed: Observed, name: str, now: datetime, renewal: datetime | None = None
) -> Serving:
    """The certificate in the Secret of this name, copied once it is found good. `renewal`: when somebody renews it."""
    secret = observed.secrets.get(name)
    problem = first(CHECKS, Given(registry, name, secret, now))
    if problem.status == "True":
        pem, key, ca = ((decoded(secret, part) or b"").decode() for part in ("tls.crt", "tls.key", "ca.crt"))
        children = [tls(owner, certificate=pem, key=key, ca=ca)]
        if ca:
            children.append(ca_bundle(owner, bundle=ca))
        leaf = x509.certificate(pem)
        serving = Serving(children=tuple(children), wake=leaf.not_after, pem=pem, leaf=leaf, published=bool(ca))
        warns_at = _warns_at(leaf, renewal)
        return replace(serving, wake=warns_at) if now < warns_at else _warned(serving, registry, owner, name)
    return replace(kept(owner, observed, problem, now), wake=_begins(secret, now))


def _warns_at(leaf: x509.Certificate, renewal: datetime | None) -> datetime:
    """When it is late for a renewal: half of the time for it has gone, where it is known who renews it and when."""
    late = leaf.not_after - min(leaf.lifetime / 4, _WARNED)
    return late if renewal is None else max(late, renewal + (leaf.not_after - renewal) / 2)


def _warned(serving: Serving, registry: Registry, owner: Owner, name: str) -> Serving:
    """It serves, and whoever looks is told in time, with a Warning once."""
    if registry.spec.tls.issuer == "CertManager":
        remedy = f"cert-manager has not renewed it: see kubectl describe certificate {owner.name}"
    else:
        remedy = f"put a renewed one into Secret {name!r} before"
    until = f" until {rfc3339(serving.leaf.not_after)}" if serving.leaf else ""
    message = f"the certificate is served, but only{until}: {remedy}"
    warning = good(Reason.CERTIFICATE_EXPIRING, message)
    known = before(registry.status, "CertificateReady").get("reason") == warning.reason.value
    events = () if known else (Occurrence("Warning", warning.reason, f"CertificateReady: {message}"),)
    return replace(serving, warning=warning, events=events)


def _begins(secret: Manifest | None, now: datetime) -> datetime | None:
    """When a certificate that is not valid yet will be."""
    try:
        begins = x509.certificate(decoded(secret, "tls.crt")).starts
    except x509.CertificateError:
        return None
    return begins if begins > now else None


def kept(owner: Owner, observed: Observed, problem: Finding, now: datetime) -> Serving:
    """What was good before serves on, and the problem says so."""
    names: frozenset[Key] = frozenset({("Secret", owner.tls), ("ConfigMap", owner.ca), ("Secret", owner.ca)})
    live = observed.children.get(("Secret", owner.tls))
    try:
        leaf = x509.certificate(decoded(live, "tls.crt"))
    except x509.CertificateError:
        return Serving(keep=names, problem=problem)
    valid = now < leaf.not_after
    ending = "the last good certificate is served" if valid else "clients are shown the last one, which has expired"
    problem = bad(problem.reason, f"{problem.message}. Until then {ending}")
    published = ("ConfigMap", owner.ca) in observed.children
    pem = (decoded(live, "tls.crt") or b"").decode()
    return Serving(keep=names, pem=pem, leaf=leaf, published=published, problem=problem)


@dataclass(frozen=True, slots=True)
class Given:
    """A Secret that the spec names, before it is believed."""

    registry: Registry
    name: str
    secret: Manifest | None
    now: datetime

    @property
    def chain(self) -> list[x509.Certificate]:
        """What tls.crt holds: the server's certificate, then what signed it."""
        pems = x509.split((decoded(self.secret, "tls.crt") or b"").decode(errors="replace"))
        return [x509.certificate(pem) for pem in pems]


def missing(given: Given) -> Finding | None:
    """Is it there, with both keys?"""
    if given.secret is None:
        message = f"Secret {given.name!r} is missing: create it with the keys tls.crt and tls.key"
        return bad(Reason.CERTIFICATE_SECRET_MISSING, message)
    for key in ("tls.crt", "tls.key"):
        if not decoded(given.secret, key):
            message = f"Secret {given.name!r} has no key {key!r}: add it (kubectl create secret tls makes both)"
            return bad(Reason.CERTIFICATE_SECRET_MISSING, message)
    return None


def malformed(given: Given) -> Finding | None:
    """Can it be read?"""
    for key, read in (("tls.crt", x509.certificate), ("tls.key", x509.private_key)):
        try:
            read(decoded(given.secret, key))
        except x509.CertificateError as error:
            message = f"key {key!r} of Secret {given.name!r}: {error}: put PEM text there"
            return bad(Reason.CERTIFICATE_MALFORMED, message)
    for key in ("tls.crt", "ca.crt"):
        if decoded(given.secret, key) and not x509.split((decoded(given.secret, key) or b"").decode(errors="replace")):
            message = f"key {key!r} of Secret {given.name!r} holds something that is no certificate: put PEM text there"
            return bad(Reason.CERTIFICATE_MALFORMED, message)
    return None


def mismatched(given: Given) -> Finding | None:
    """Do certificate and key belong together?"""
    leaf = x509.certificate(decoded(given.secret, "tls.crt"))
    if leaf.belongs_to(x509.private_key(decoded(given.secret, "tls.key"))):
        return None
    message = f"tls.key of Secret {given.name!r} is not the key of its tls.crt: store the two that belong together"
    return bad(Reason.CERTIFICATE_KEY_MISMATCH, message)


def weak(given: Given) -> Finding | None:
    """Would a registry refuse to start with it, even if one that is running keeps what it has?"""
    for number, one in enumerate(given.chain):
        if told := one.weakness:
            message = f"{_called(number)} in Secret {given.name!r} {told}, which OpenSSL does not serve"
            return bad(Reason.CERTIFICATE_WEAK, f"{message}: have one issued with a key on P-256, or RSA of 2048 bits")
    return None


def out_of_time(given: Given) -> Finding | None:
    """Is it valid now, and every certificate that comes with it?"""
    for number, one in enumerate(given.chain):
        message = f"{_called(number)} in Secret {given.name!r} is valid"
        if given.now < one.starts:
            way_out = "it is taken up then; store one that is valid now if that is too late"
            return bad(Reason.CERTIFICATE_EXPIRED, f"{message} only from {rfc3339(one.not_before)}: {way_out}")
        if given.now >= one.not_after:
            return bad(Reason.CERTIFICATE_EXPIRED, f"{message} only until {rfc3339(one.not_after)}: renew it")
    return None


def _called(number: int) -> str:
    """A certificate of the chain, in words."""
    return "the certificate" if number == 0 else f"intermediate certificate {number}"


def uncovered(given: Given) -> Finding | None:
    """Is it for every host of the spec?"""
    leaf, spec = x509.certificate(decoded(given.secret, "tls.crt")), given.registry.spec
    wanted = [(host, "spec.tls.hosts") for host in spec.tls.hosts]
    if spec.ingress is not None and spec.ingress.tls.secret_name is None:  # it shows clients this certificate
        wanted += [(host, "spec.ingress.hosts") for host in spec.ingress.hosts]
    for host, field in wanted:
        if not leaf.covers(host):
            message = f"the certificate in Secret {given.name!r} is not for {host!r} of {field}"
            return bad(Reason.CERTIFICATE_HOST_MISSING, f"{message}: have it issued for that host, or remove the host")
    return None


def incomplete(given: Given) -> Finding | None:
    """Do the certificates lead from the server's to the CA, one by one?"""
    for number, (one, issuer) in enumerate(itertools.pairwise(given.chain), 1):
        if not one.signed_by(issuer):
            message = f"certificate {number + 1} in tls.crt of Secret {given.name!r} did not sign certificate {number}"
            return bad(Reason.CERTIFICATE_CHAIN_BROKEN, f"{message}: {_ORDER}")
    authorities = [x509.certificate(pem) for pem in x509.split((decoded(given.secret, "ca.crt") or b"").decode())]
    last = given.chain[-1]
    if not authorities or any(last == one or last.signed_by(one) for one in authorities):
        return None
    message = f"ca.crt of Secret {given.name!r} did not sign the last certificate in its tls.crt"
    return bad(Reason.CERTIFICATE_CHAIN_BROKEN, f"{message}, so clients could not verify it: {_ORDER}")


def acceptable(given: Given) -> Finding:
    """Nothing speaks against it."""
    return good(Reason.CERTIFICATE_LIVE, f"the certificate in Secret {given.name!r} is in order")


CHECKS = (missing, malformed, mismatched, weak, out_of_time, uncovered, incomplete, acceptable)
