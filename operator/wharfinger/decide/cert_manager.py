"""A certificate from cert-manager: asked for by a Certificate, served once it is found good.

Rule: cert-manager is no part of the operator; without it the condition says so, and what was served before serves on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from wharfinger.api.parse import ParseError, timestamp
from wharfinger.api.reasons import Reason
from wharfinger.api.registry import Registry
from wharfinger.children.certificate import certificate
from wharfinger.children.owner import Owner, decoded
from wharfinger.decide.condition import bad
from wharfinger.decide.given import given, kept
from wharfinger.decide.hosts import is_address
from wharfinger.decide.observed import Manifest, Observed
from wharfinger.decide.serving import Serving


def managed(registry: Registry, owner: Owner, observed: Observed, hosts: tuple[str, ...], now: datetime) -> Serving:
    """The certificate for `hosts` that cert-manager keeps in a Secret of its own."""
    if "Certificate" in observed.absent:
        message = (
            "the cluster has no cert-manager (kind Certificate, cert-manager.io/v1): install it, or choose another "
        )
        return kept(owner, observed, bad(Reason.CERT_MANAGER_MISSING, message + "spec.tls.issuer"), now)
    asked = registry.spec.tls.cert_manager
    issuer = {"name": asked.name, "kind": asked.kind, "group": asked.group} if asked else {}
    child = certificate(
        owner,
        issuer=issuer,
        names=[host for host in hosts if not is_address(host)],
        addresses=[host for host in hosts if is_address(host)],
    )
    live = observed.children.get(("Certificate", owner.name))
    serving = given(registry, owner, observed, owner.certificate, now, _renewal(live))
    there = decoded(observed.secrets.get(owner.certificate), "tls.crt")
    if serving.problem is not None and (not there or _issuing(live)):
        message = f"cert-manager has not issued the certificate yet{_told(live)}: see kubectl describe certificate "
        serving = kept(owner, observed, bad(Reason.CERTIFICATE_ISSUING, message + owner.name), now)
    return replace(serving, children=(child, *serving.children), renews_at=_renewal(live))


def _status(live: Manifest | None) -> Mapping[str, Any]:
    return (live or {}).get("status") or {}


def _condition(live: Manifest | None, kind: str) -> Mapping[str, Any]:
    return next((one for one in _status(live).get("conditions") or () if one.get("type") == kind), {})


def _issuing(live: Manifest | None) -> bool:
    """Whether cert-manager is at it: it has not seen the newest spec, or says so."""
    generation = (live or {}).get("metadata", {}).get("generation")
    ready = _condition(live, "Ready")
    return (
        live is None
        or _condition(live, "Issuing").get("status") == "True"
        or ready.get("status") != "True"
        or ready.get("observedGeneration", generation) != generation
    )


def _told(live: Manifest | None) -> str:
    """What cert-manager says, as a further clause."""
    for kind in ("Issuing", "Ready"):
        if message := str(_condition(live, kind).get("message") or "").rstrip("."):
            return f": {message}"
    return "" if live is None or _status(live) else " and has not taken notice of it: is its controller running?"


def _renewal(live: Manifest | None) -> datetime | None:
    try:
        return timestamp(str(_status(live).get("renewalTime", "")))
    except ParseError:
        return None
