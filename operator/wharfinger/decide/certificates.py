"""Certificates: from `spec.tls` to what the registry serves, and to the condition that says so.

Rule: a certificate that is refused never replaces one that works.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wharfinger.api.parse import rfc3339
from wharfinger.api.reasons import Reason
from wharfinger.api.registry import Registry
from wharfinger.api.status import CertificateStatus
from wharfinger.children.ca_bundle import ca_bundle
from wharfinger.children.owner import Owner, decoded
from wharfinger.children.tls import tls
from wharfinger.decide import exposure, x509
from wharfinger.decide.authority import self_signed
from wharfinger.decide.condition import Finding, bad, first, good
from wharfinger.decide.mint import Mint
from wharfinger.decide.observed import Manifest, Observed, Settings
from wharfinger.decide.outcome import Key
from wharfinger.decide.replicas import CERTIFICATE, sha256, unloaded
from wharfinger.decide.serving import Serving


def decide(
    registry: Registry, owner: Owner, observed: Observed, settings: Settings, *, now: datetime, mint: Mint
) -> Serving:
    """Decide what certificate is served, and what children carry it."""
    match registry.spec.tls.issuer:
        case "SelfSigned":
            outside = (*registry.spec.tls.hosts, *exposure.hosts(registry))
            hosts = (*owner.hosts(settings.cluster_domain), *outside, "localhost", "127.0.0.1", "::1")
            return self_signed(
                registry, owner, observed, tuple(dict.fromkeys((owner.host, *hosts))), now=now, mint=mint
            )
        case "Secret":
            return _given(registry, owner, observed, now)
        case "Disabled":
            return Serving()


def _given(registry: Registry, owner: Owner, observed: Observed, now: datetime) -> Serving:
    """The certificate in a Secret of the namespace, copied once it is found good."""
    name = registry.spec.tls.secret_name or ""
    secret = observed.secrets.get(name)
    problem = first(GIVEN_CHECKS, Given(registry, name, secret, now))
    if problem.status == "True":
        pem, key, ca = ((decoded(secret, part) or b"").decode() for part in ("tls.crt", "tls.key", "ca.crt"))
        children = [tls(owner, certificate=pem, key=key, ca=ca)]
        if ca:
            children.append(ca_bundle(owner, bundle=ca))
        leaf = x509.certificate(pem)
        return Serving(children=tuple(children), wake=leaf.not_after, pem=pem, leaf=leaf, published=bool(ca))
    # what was good before serves on
    kept: frozenset[Key] = frozenset({("Secret", owner.tls), ("ConfigMap", owner.ca), ("Secret", owner.ca)})
    live = observed.children.get(("Secret", owner.tls))
    try:
        leaf = x509.certificate(decoded(live, "tls.crt"))
    except x509.CertificateError:
        return Serving(keep=kept, problem=problem)
    published = ("ConfigMap", owner.ca) in observed.children
    pem = (decoded(live, "tls.crt") or b"").decode()
    return Serving(keep=kept, pem=pem, leaf=leaf, published=published, problem=problem)


@dataclass(frozen=True, slots=True)
class Given:
    """A Secret that the spec names, before it is believed."""

    registry: Registry
    name: str
    secret: Manifest | None
    now: datetime


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
    return None


def mismatched(given: Given) -> Finding | None:
    """Do certificate and key belong together?"""
    leaf = x509.certificate(decoded(given.secret, "tls.crt"))
    if leaf.belongs_to(x509.private_key(decoded(given.secret, "tls.key"))):
        return None
    message = f"tls.key of Secret {given.name!r} is not the key of its tls.crt: store the two that belong together"
    return bad(Reason.CERTIFICATE_KEY_MISMATCH, message)


def out_of_time(given: Given) -> Finding | None:
    """Is it valid now?"""
    leaf = x509.certificate(decoded(given.secret, "tls.crt"))
    if leaf.not_before - x509.CLOCK_SKEW <= given.now < leaf.not_after:
        return None
    span = f"{rfc3339(leaf.not_before)} to {rfc3339(leaf.not_after)}"
    return bad(Reason.CERTIFICATE_EXPIRED, f"the certificate in Secret {given.name!r} is valid from {span}: renew it")


def uncovered(given: Given) -> Finding | None:
    """Is it for every host of the spec?"""
    leaf = x509.certificate(decoded(given.secret, "tls.crt"))
    for host in given.registry.spec.tls.hosts:
        if not leaf.covers(host):
            message = f"the certificate in Secret {given.name!r} is not for {host!r} of spec.tls.hosts"
            return bad(Reason.CERTIFICATE_HOST_MISSING, f"{message}: have it issued for that host, or remove the host")
    return None


def acceptable(given: Given) -> Finding:
    """Nothing speaks against it."""
    return good(Reason.CERTIFICATE_LIVE, f"the certificate in Secret {given.name!r} is in order")


GIVEN_CHECKS = (missing, malformed, mismatched, out_of_time, uncovered, acceptable)


@dataclass(frozen=True, slots=True)
class State:
    """What the condition is decided from."""

    registry: Registry
    observed: Observed
    serving: Serving


def disabled(state: State) -> Finding | None:
    """Was TLS turned off?"""
    if state.registry.spec.tls.issuer != "Disabled":
        return None
    return good(Reason.TLS_DISABLED, "spec.tls.issuer is Disabled: passwords cross the network readable")


def refused(state: State) -> Finding | None:
    """Was what the spec names refused?"""
    problem = state.serving.problem
    if problem is None or state.serving.leaf is None:
        return problem
    return bad(problem.reason, f"{problem.message}. Until then the last good certificate is served")


def not_loaded(state: State) -> Finding | None:
    """Is there a replica that does not serve it?"""
    return unloaded(state.observed, state.registry.spec.running, CERTIFICATE, sha256(state.serving.pem))


def served(state: State) -> Finding:
    """Every replica serves it."""
    leaf = state.serving.leaf
    until = f", valid until {rfc3339(leaf.not_after)}" if leaf else ""
    renewed = f", renewed {rfc3339(state.serving.renews_at)}" if state.serving.renews_at else ""
    return good(Reason.CERTIFICATE_LIVE, f"the certificate is served{until}{renewed}{_rotating(state)}")


def _rotating(state: State) -> str:
    """What a rotation of the CA asks of clients."""
    turn = state.serving.ca_rotation
    if turn is None:
        return ""
    if turn.phase == "Publishing":
        return f"; a new CA is published and signs from {turn.next_step_at}: have clients read the bundle by then"
    return f"; the CA before this one is trusted until {turn.next_step_at}"


CHECKS = (disabled, refused, not_loaded, served)


def finding(registry: Registry, observed: Observed, serving: Serving) -> Finding:
    """The condition CertificateReady."""
    return first(CHECKS, State(registry, observed, serving))


def status(registry: Registry, owner: Owner, serving: Serving) -> CertificateStatus | None:
    """What status says of the certificate."""
    if serving.leaf is None:
        return None
    return CertificateStatus(
        issuer=registry.spec.tls.issuer,
        not_after=rfc3339(serving.leaf.not_after),
        renews_at=rfc3339(serving.renews_at) if serving.renews_at else None,
        fingerprint=serving.leaf.fingerprint,
        ca_not_after=rfc3339(serving.ca_not_after) if serving.ca_not_after else None,
        ca_rotation=serving.ca_rotation,
        ca_config_map_name=owner.ca if serving.published else None,
    )


def peer(registry: Registry, owner: Owner, observed: Observed) -> tuple[str, str]:
    """How to be sure of talking to this registry's pods: certificates to trust (PEM; a leaf too), and a server name.

    Both are empty for plain HTTP, and while no certificate is in place.
    """
    live = observed.children.get(("Secret", owner.tls))
    if registry.spec.tls.issuer == "Disabled" or live is None:
        return "", ""
    pem, ca = ((decoded(live, key) or b"").decode(errors="replace") for key in ("tls.crt", "ca.crt"))
    try:
        leaf = x509.certificate(pem)
    except x509.CertificateError:
        return "", ""
    names = sorted(leaf.hosts)
    name = owner.host if owner.host in names or not names else names[0].replace("*", "wharf")
    return f"{ca}\n{pem}", name
