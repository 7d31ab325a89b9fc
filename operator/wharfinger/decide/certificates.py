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
from wharfinger.children.owner import Owner, decoded
from wharfinger.decide import exposure, sharing, x509
from wharfinger.decide.authority import self_signed
from wharfinger.decide.cert_manager import managed
from wharfinger.decide.client_ca import ClientAuthorities
from wharfinger.decide.condition import Finding, first, good
from wharfinger.decide.given import given
from wharfinger.decide.mint import Mint
from wharfinger.decide.observed import Observed, Settings
from wharfinger.decide.replicas import CERTIFICATE, CLIENT_CA, sha256, unloaded
from wharfinger.decide.serving import Serving


def decide(
    registry: Registry, owner: Owner, observed: Observed, settings: Settings, *, now: datetime, mint: Mint
) -> Serving:
    """Decide what certificate is served, and what children carry it."""
    outside = (*registry.spec.tls.hosts, *exposure.hosts(registry))
    match registry.spec.tls.issuer:
        case "SelfSigned":
            hosts = (*owner.hosts(settings.cluster_domain), *outside, "localhost", "127.0.0.1", "::1")
            return self_signed(
                registry, owner, observed, tuple(dict.fromkeys((owner.host, *hosts))), now=now, mint=mint
            )
        case "Secret":
            return given(registry, owner, observed, registry.spec.tls.secret_name or "", now)
        case "CertManager":
            only = registry.spec.tls.cert_manager is not None and registry.spec.tls.cert_manager.hosts_only
            inside = () if only else (owner.host, *owner.hosts(settings.cluster_domain))
            return managed(registry, owner, observed, tuple(dict.fromkeys((*inside, *outside))), now)
        case "Disabled":
            return Serving()


@dataclass(frozen=True, slots=True)
class State:
    """What the condition is decided from."""

    registry: Registry
    observed: Observed
    serving: Serving
    clients: ClientAuthorities


def disabled(state: State) -> Finding | None:
    """Was TLS turned off?"""
    if state.registry.spec.tls.issuer != "Disabled":
        return None
    return good(Reason.TLS_DISABLED, "spec.tls.issuer is Disabled: passwords cross the network readable")


def refused(state: State) -> Finding | None:
    """Was what the spec names refused?"""
    return state.serving.problem or state.clients.problem


def not_loaded(state: State) -> Finding | None:
    """Is there a replica that does not serve it?"""
    running = sharing.running(state.registry, state.observed)
    waiting = unloaded(state.observed, running, CERTIFICATE, sha256(state.serving.pem))
    return waiting or unloaded(state.observed, running, CLIENT_CA, sha256(state.clients.pem or None))


def expiring(state: State) -> Finding | None:
    """Does it end soon, with nobody who renewed it?"""
    return state.serving.warning


def served(state: State) -> Finding:
    """Every replica serves it."""
    leaf = state.serving.leaf
    until = f", valid until {rfc3339(leaf.not_after)}" if leaf else ""
    asked = "; clients have to present one of their own" if state.clients.pem else ""
    renewed = f", renewed {rfc3339(state.serving.renews_at)}" if state.serving.renews_at else ""
    what = "is served" if state.registry.spec.running else "waits for the registry to run"
    return good(Reason.CERTIFICATE_LIVE, f"the certificate {what}{until}{renewed}{asked}{_rotating(state)}")


def _rotating(state: State) -> str:
    """What a rotation of the CA asks of clients."""
    turn = state.serving.ca_rotation
    if turn is None:
        return ""
    if turn.phase == "Publishing":
        return f"; a new CA is published and signs from {turn.next_step_at}: have clients read the bundle by then"
    return f"; the CA before this one is trusted until {turn.next_step_at}"


CHECKS = (disabled, refused, not_loaded, expiring, served)


def finding(registry: Registry, observed: Observed, serving: Serving, clients: ClientAuthorities) -> Finding:
    """The condition CertificateReady."""
    return first(CHECKS, State(registry, observed, serving, clients))


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


@dataclass(frozen=True, slots=True)
class Peer:
    """How to be sure of talking to a registry's pods; nothing for plain HTTP, or while there is no certificate."""

    trusted: str = ""  # certificates to trust, PEM: CAs, and the one that is to be served
    server_name: str = ""
    leaf: x509.Certificate | None = None  # the one that is to be served


def peer(registry: Registry, owner: Owner, observed: Observed) -> Peer:
    """How to be sure of talking to this registry's pods."""
    live = observed.children.get(("Secret", owner.tls))
    if registry.spec.tls.issuer == "Disabled" or live is None:
        return Peer()
    pem, ca = ((decoded(live, key) or b"").decode(errors="replace") for key in ("tls.crt", "ca.crt"))
    try:
        leaf = x509.certificate(pem)
    except x509.CertificateError:
        return Peer()
    return Peer(f"{ca}\n{pem}", server_name(owner, leaf), leaf)


def server_name(owner: Owner, leaf: x509.Certificate | None) -> str:
    """A name that the certificate is for, the Service's if it can be; empty without a certificate."""
    if leaf is None:
        return ""
    names = sorted(leaf.hosts)
    return owner.host if owner.host in names or not names else names[0].replace("*", "wharf")
