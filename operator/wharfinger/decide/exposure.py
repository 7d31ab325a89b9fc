"""Exposure: who can reach the registry, by what, and under which names.

Rule: what clients come in by (load balancer, Ingress) is made only where the spec asks for it, and is True only when
whoever provides it says so. The admin port is the operator's, and theirs whom the spec names.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wharfinger.api.exposure import Peer
from wharfinger.api.meta import plain
from wharfinger.api.reasons import Reason
from wharfinger.api.registry import Registry
from wharfinger.children.ingress import ingress
from wharfinger.children.network_policy import network_policy
from wharfinger.children.owner import MANAGED_BY, Owner
from wharfinger.decide.condition import Finding, bad, good
from wharfinger.decide.observed import Manifest, Observed, Settings


def hosts(registry: Registry) -> tuple[str, ...]:
    """The names that clients outside use, by what the spec asks for in front of the Service."""
    spec = registry.spec
    if spec.ingress is None:
        return ()
    return spec.ingress.hosts or tuple(host for host in spec.tls.hosts if not _is_address(host))


def secure(registry: Registry) -> bool:
    """Whether clients outside speak TLS."""
    ingress_tls = registry.spec.ingress is not None and registry.spec.ingress.tls.secret_name is not None
    return ingress_tls or registry.spec.tls.issuer != "Disabled"


def url(registry: Registry) -> str | None:
    """The URL that clients outside use; None where the Service's is all there is."""
    host = next((host for host in hosts(registry) if not host.startswith("*.")), None)
    return host and f"{'https' if secure(registry) else 'http'}://{host}"


def children(registry: Registry, owner: Owner, settings: Settings) -> tuple[dict[str, Any], ...]:
    """NetworkPolicy and Ingress, as far as the spec asks for them."""
    return (*_policies(registry, owner, settings), *_ingresses(registry, owner))


def _ingresses(registry: Registry, owner: Owner) -> tuple[dict[str, Any], ...]:
    asked = registry.spec.ingress
    if asked is None or not hosts(registry):
        return ()
    own = owner.tls if registry.spec.tls.issuer != "Disabled" else None
    made = ingress(
        owner,
        class_name=asked.class_name,
        hosts=hosts(registry),
        port="https" if own else "http",
        secret=asked.tls.secret_name or own,
        annotations=asked.annotations,
    )
    return (made,)


def _policies(registry: Registry, owner: Owner, settings: Settings) -> tuple[dict[str, Any], ...]:
    asked = registry.spec.network_policy
    if asked.mode == "None":
        return ()
    operator = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": settings.namespace}},
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": MANAGED_BY["app.kubernetes.io/managed-by"]}},
    }
    # an operator outside of the cluster has no labels to be known by
    admin = [operator, *map(_peer, asked.admin_clients)] if settings.namespace else []
    return (network_policy(owner, clients=[*map(_peer, asked.clients)], admin_clients=admin),)


def _peer(peer: Peer) -> dict[str, Any]:
    if peer.cidr:
        return {"ipBlock": {"cidr": peer.cidr}}
    selectors = {"namespaceSelector": peer.namespace_selector, "podSelector": peer.pod_selector}
    return {name: plain(selector) for name, selector in selectors.items() if selector is not None}


@dataclass(frozen=True, slots=True)
class State:
    """What the condition is decided from."""

    registry: Registry
    observed: Observed

    def child(self, kind: str) -> Manifest:
        """A child of the Registry's name, as it is."""
        return self.observed.children.get((kind, self.registry.metadata.name)) or {}


def finding(registry: Registry, observed: Observed) -> Finding | None:
    """The condition ExposureReady; None where the spec asks for nothing in front of the Service."""
    state = State(registry, observed)
    found = [
        check(state)
        for asked, check in (
            (registry.spec.service.type == "LoadBalancer", load_balancer),
            (registry.spec.ingress is not None, through_ingress),
        )
        if asked
    ]
    if not found:
        return None
    wrong = next((finding for finding in found if finding.status != "True"), None)
    return wrong or good(Reason.EXPOSED, "; ".join(finding.message for finding in found))


def load_balancer(state: State) -> Finding:
    """Has the load balancer an address?"""
    if addresses := _addresses(state.child("Service")):
        return good(Reason.EXPOSED, f"the load balancer has address {', '.join(addresses)}")
    message = f"the load balancer of Service {state.registry.metadata.name!r} has no address yet: if none comes, the "
    message += (
        "cluster lacks a load balancer controller (kubectl describe service), or set spec.service.type to NodePort"
    )
    return bad(Reason.LOAD_BALANCER_PENDING, message)


def through_ingress(state: State) -> Finding:
    """Is there an Ingress? Not every controller writes an address into it, so one is told, not waited for."""
    name = state.registry.metadata.name
    if not hosts(state.registry):
        message = "spec.tls.hosts are all IP addresses, and an Ingress needs a name: set spec.ingress.hosts"
        return bad(Reason.INGRESS_PENDING, message)
    live = state.child("Ingress")
    if not live:
        return bad(Reason.INGRESS_PENDING, f"Ingress {name!r} is to be created")
    addresses = _addresses(live)
    where = f" at {', '.join(addresses)}" if addresses else " (no controller has given it an address)"
    return good(Reason.EXPOSED, f"Ingress {name!r} is for {', '.join(hosts(state.registry))}{where}")


def _addresses(live: Manifest) -> list[str]:
    entries: Sequence[Mapping[str, Any]] = ((live.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return [str(entry.get("ip") or entry.get("hostname")) for entry in entries]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
