"""Exposure: who can reach the registry, by what, and under which names.

Rule: what clients come in by (load balancer, Ingress) is made only where the spec asks for it, and is True only when
whoever provides it says so. The admin port is the operator's, and theirs whom the spec names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wharfinger.api.exposure import Gateway, Ingress, Peer
from wharfinger.api.meta import plain
from wharfinger.api.reasons import Reason
from wharfinger.api.registry import Registry
from wharfinger.api.status import ExposureStatus
from wharfinger.children.backend_tls_policy import backend_tls_policy
from wharfinger.children.http_route import http_route
from wharfinger.children.ingress import ingress
from wharfinger.children.network_policy import network_policy
from wharfinger.children.owner import MANAGED_BY, Owner
from wharfinger.decide.condition import Finding, bad, good
from wharfinger.decide.hosts import is_address
from wharfinger.decide.observed import Manifest, Observed, Settings


def hosts(registry: Registry) -> tuple[str, ...]:
    """The names that clients outside use, by what the spec asks for in front of the Service."""
    entrances = (registry.spec.ingress, registry.spec.gateway)
    return tuple(dict.fromkeys(host for entrance in entrances for host in _hosts(registry, entrance)))


def _hosts(registry: Registry, entrance: Ingress | Gateway | None) -> tuple[str, ...]:
    if entrance is None:
        return ()
    return entrance.hosts or tuple(host for host in registry.spec.tls.hosts if not is_address(host))


def secure(registry: Registry) -> bool:
    """Whether clients outside speak TLS."""
    spec = registry.spec
    if spec.ingress is None and spec.gateway is not None:
        return spec.gateway.scheme == "HTTPS"
    return (spec.ingress is not None and spec.ingress.tls.secret_name is not None) or spec.tls.issuer != "Disabled"


def url(registry: Registry) -> str | None:
    """The URL that clients outside use; None where the Service's is all there is."""
    host = next((host for host in hosts(registry) if not host.startswith("*.")), None)
    return host and f"{'https' if secure(registry) else 'http'}://{host}"


@dataclass(frozen=True, slots=True)
class Front:
    """What entrances depend on besides the spec."""

    settings: Settings
    port: int  # of the Service
    absent: frozenset[str]  # kinds that the cluster does not know
    server_name: str  # a name in the certificate; empty: there is none, or no TLS
    own_ca: bool  # whether clients find the CA in ConfigMap NAME-ca
    peers: bool = False  # whether the registry's pods pass connections on to each other


def children(registry: Registry, owner: Owner, front: Front) -> tuple[dict[str, Any], ...]:
    """NetworkPolicy, Ingress, HTTPRoute and BackendTLSPolicy, as far as the spec asks for them."""
    return (
        *_policies(registry, owner, front),
        *_ingresses(registry, owner),
        *_routes(registry, owner, front),
    )


def _routes(registry: Registry, owner: Owner, front: Front) -> tuple[dict[str, Any], ...]:
    asked = registry.spec.gateway
    if asked is None or not _hosts(registry, asked):
        return ()
    route = http_route(
        owner,
        parents=[plain(parent) for parent in asked.parent_refs],
        hosts=_hosts(registry, asked),
        port=front.port,
        annotations=asked.annotations,
    )
    made = [] if "HTTPRoute" in front.absent else [route]
    if front.server_name and "BackendTLSPolicy" not in front.absent:
        made.append(backend_tls_policy(owner, host=front.server_name, own_ca=front.own_ca))
    return tuple(made)


def _ingresses(registry: Registry, owner: Owner) -> tuple[dict[str, Any], ...]:
    asked = registry.spec.ingress
    if asked is None or not _hosts(registry, asked):
        return ()
    own = owner.tls if registry.spec.tls.issuer != "Disabled" else None
    made = ingress(
        owner,
        class_name=asked.class_name,
        hosts=_hosts(registry, asked),
        port="https" if own else "http",
        secret=asked.tls.secret_name or own,
        annotations=asked.annotations,
    )
    return (made,)


def _policies(registry: Registry, owner: Owner, front: Front) -> tuple[dict[str, Any], ...]:
    asked, settings = registry.spec.network_policy, front.settings
    if asked.mode == "None":
        return ()
    operator = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": settings.namespace}},
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": MANAGED_BY["app.kubernetes.io/managed-by"]}},
    }
    # an operator outside of the cluster has no labels to be known by
    admin = [operator, *map(_peer, asked.admin_clients)] if settings.namespace else []
    clients = [*map(_peer, asked.clients)]
    if clients and front.peers:
        clients.append({"podSelector": {"matchLabels": owner.selector}})
    return (network_policy(owner, clients=clients, admin_clients=admin),)


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
            (registry.spec.gateway is not None, through_gateway),
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
    named = _hosts(state.registry, state.registry.spec.ingress)
    if not named:
        message = "spec.tls.hosts are all IP addresses, and an Ingress needs a name: set spec.ingress.hosts"
        return bad(Reason.INGRESS_PENDING, message)
    live = state.child("Ingress")
    if not live:
        return bad(Reason.INGRESS_PENDING, f"Ingress {name!r} is to be created")
    addresses = _addresses(live)
    where = f" at {', '.join(addresses)}" if addresses else " (no controller has given it an address)"
    return good(Reason.EXPOSED, f"Ingress {name!r} is for {', '.join(named)}{where}")


def through_gateway(state: State) -> Finding:
    """Has a Gateway taken the route, and can it speak TLS to the registry?"""
    name, absent = state.registry.metadata.name, sorted(state.observed.absent - {"Certificate"})
    tls = state.registry.spec.tls.issuer != "Disabled"
    if missing := [kind for kind in absent if tls or kind != "BackendTLSPolicy"]:
        message = f"the cluster does not know {' and '.join(missing)} of gateway.networking.k8s.io/v1: install the "
        return bad(Reason.GATEWAY_API_MISSING, f"{message}Gateway API (1.4 or newer), or remove spec.gateway")
    named = _hosts(state.registry, state.registry.spec.gateway)
    if not named:
        message = "spec.tls.hosts are all IP addresses, and a route needs a name: set spec.gateway.hosts"
        return bad(Reason.ROUTE_PENDING, message)
    parents = (state.child("HTTPRoute").get("status") or {}).get("parents") or ()
    for parent in parents:
        for condition in parent.get("conditions") or ():
            if condition.get("type") in ("Accepted", "ResolvedRefs") and condition.get("status") == "False":
                gateway = (parent.get("parentRef") or {}).get("name")
                told = str(condition.get("message") or condition.get("reason")).rstrip(".")
                message = f"Gateway {gateway!r} does not take HTTPRoute {name!r}: {told}"
                return bad(Reason.ROUTE_REFUSED, f"{message}: see spec.gateway and the Gateway's listeners")
    if not parents:
        message = (
            f"no Gateway has taken HTTPRoute {name!r}: check spec.gateway.parentRefs, that the Gateway lets routes of "
        )
        return bad(Reason.ROUTE_PENDING, f"{message}this namespace in (allowedRoutes), and that its controller runs")
    return good(
        Reason.EXPOSED, f"HTTPRoute {name!r} is for {', '.join(_hosts(state.registry, state.registry.spec.gateway))}"
    )


def status(registry: Registry, owner: Owner) -> ExposureStatus | None:
    """What status says of the entrances."""
    spec = registry.spec
    if spec.ingress is None and spec.gateway is None:
        return None
    return ExposureStatus(
        ingress_name=owner.name if spec.ingress else None, http_route_name=owner.name if spec.gateway else None
    )


def _addresses(live: Manifest) -> list[str]:
    entries: Sequence[Mapping[str, Any]] = ((live.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return [str(entry.get("ip") or entry.get("hostname")) for entry in entries]
