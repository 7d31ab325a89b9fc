"""Checks of the way to the registry: names, connections, NetworkPolicies.

Rule: pure; a name is wrong when it leads nowhere or somewhere else, and the finding says where it should lead.
"""

from __future__ import annotations

from collections.abc import Iterator

from kubectl_registry import registries
from kubectl_registry.doctor import policies
from kubectl_registry.doctor.facts import Facts, Inside, Unknown, Way
from kubectl_registry.doctor.findings import Finding, broken, ok, skipped, warning

POD_LABELS = {"app.kubernetes.io/name": "wharf"}


def name_inside(facts: Facts) -> Iterator[Finding]:
    """Does the cluster's DNS lead from the name of the Service to it?"""
    host = registries.service_host(facts.registry)
    if not isinstance(facts.inside, Inside) or host not in facts.inside.names:
        why = facts.inside.why if isinstance(facts.inside, Unknown) else "the pod did not say"
        yield skipped("name in the cluster", why)
        return
    found = facts.inside.names[host]
    if isinstance(found, Unknown):
        yield broken(
            "name in the cluster",
            f"{host} is not known in the cluster's DNS: {found.why}",
            "pods cannot find the registry",
            "kubectl get pods -n kube-system -l k8s-app=kube-dns",
            f"kubectl get service {facts.target}",
        )
        return
    service = facts.service if isinstance(facts.service, dict) else {}
    wanted = (service.get("spec") or {}).get("clusterIPs") or [(service.get("spec") or {}).get("clusterIP")]
    if any(wanted) and "None" not in wanted and not set(found) & set(wanted):
        yield broken(
            "name in the cluster",
            f"{host} is {', '.join(found)} for the registry's pod, and its Service is {', '.join(map(str, wanted))}",
            "pods reach something else",
            "look for the name in the pod's hostAliases, and in rewrites of CoreDNS: "
            "kubectl get configmap coredns -n kube-system -o yaml",
        )
        return
    yield ok("name in the cluster", f"{host} is {', '.join(found)}")


def names(facts: Facts) -> Iterator[Finding]:
    """Do the names for clients outside lead anywhere, and to the right place?"""
    outside = [way for way in facts.ways if not way.forwarded]
    if not outside:
        yield skipped(
            "name",
            "the registry has no name outside the cluster",
            "set spec.service.type and spec.tls.hosts, or name one with --host",
        )
    for way in outside:
        yield _name(facts, way)


def _name(facts: Facts, way: Way) -> Finding:
    host = way.address.host
    wanted = _expected(facts)
    where = f"lead it to {' or '.join(wanted)}" if wanted else "lead it to the registry's load balancer or nodes"
    mend = (f"correct the DNS record of {host}: {where}", f"getent ahosts {host}: what this machine makes of it")
    if way.name_error:
        return broken(
            "name",
            f"{host} cannot be resolved on this machine: {way.name_error}",
            "clients cannot find the registry",
            *mend,
        )
    found = ", ".join(way.resolved)
    if wanted and not set(wanted) & set(way.resolved):
        return broken(
            "name",
            f"{host} is {found} on this machine, and the registry is at {', '.join(wanted)}",
            "clients reach something else",
            *mend,
        )
    told = str((registries.status(facts.registry).get("certificate") or {}).get("fingerprint") or "")
    shown = way.certificate.fingerprint if way.certificate else ""
    if told and shown and _plain(told) != _plain(shown) and (way.trust_error or way.host_error):
        return broken(
            "name",
            f"{host} is {found}, where a server with another certificate answers",
            "clients reach something else, or a proxy in front of the registry",
            *mend,
        )
    return ok("name", f"{host} is {found}")


def _expected(facts: Facts) -> list[str]:
    """The addresses that a name outside should have, where the Service knows them."""
    service = facts.service if isinstance(facts.service, dict) else {}
    spec = service.get("spec") or {}
    given = (registries.status(service).get("loadBalancer") or {}).get("ingress") or [] if service else []
    return [*(each["ip"] for each in given if each.get("ip")), *(spec.get("externalIPs") or [])]


def _plain(fingerprint: str) -> str:
    return fingerprint.replace(":", "").lower()


def connections(facts: Facts) -> Iterator[Finding]:
    """Can the registry be connected to?"""
    tried = [way for way in facts.ways if not way.name_error]
    if not tried:
        yield skipped("connection", "there is no address to connect to, and no pod to forward a port to")
    for way in tried:
        yield _connection(facts, way)


def _connection(facts: Facts, way: Way) -> Finding:
    if way.not_tried:
        return skipped("connection", way.not_tried)
    where = "its pod, through the API server," if way.forwarded else str(way.address)
    if way.connect_error:
        if way.forwarded:
            return broken(
                "connection",
                f"{where} does not answer: {way.connect_error}",
                "the registry does not listen",
                "see the checks `pod` and `storage`",
                f"kubectl logs deployment/{facts.target}",
            )
        return broken(
            "connection",
            f"{way.address} ({', '.join(way.resolved)}) does not answer: {way.connect_error}",
            "clients cannot connect from here",
            "see the checks `name`, `service` and `network policy`",
            f"look for a firewall between here and the cluster, and for the port in kubectl get service {facts.target}",
        )
    return ok("connection", f"{where} takes connections")


def network_policy(facts: Facts) -> Iterator[Finding]:
    """Does a NetworkPolicy keep clients, or the operator, away from the pod?"""
    check = "network policy"
    if isinstance(facts.policies, Unknown):
        yield skipped(check, facts.policies.why)
        return
    labels = POD_LABELS | {registries.LABEL: facts.name}
    found = policies.admission(facts.policies, labels, registries.REGISTRY_PORT, "registry")
    if found.nobody:
        verb = "lets" if len(found.policies) == 1 else "let"
        yield broken(
            check,
            f"{', '.join(found.policies)} {verb} nobody to port {registries.REGISTRY_PORT} of the pod",
            "connections hang until they time out, wherever the network enforces policies",
            f"kubectl describe networkpolicy {' '.join(found.policies)} -n {facts.namespace}",
            "allow it there, or set spec.networkPolicy.mode to Managed: then Wharfinger's own policy opens the port",
        )
    elif not found.everyone:
        yield _restricted(found, facts)
    else:
        by = f", by {', '.join(found.policies)}" if found.policies else ""
        yield ok(check, f"everyone may connect to port {registries.REGISTRY_PORT} of the pod{by}")
    yield from _for_operator(facts, labels)


def _restricted(found: policies.Admission, facts: Facts) -> Finding:
    message = f"only {'; '.join(found.peers)} may connect to the pod ({', '.join(found.policies)})"
    nodes = "" if found.addresses else "; nodes, which pull from their own addresses, need a range of addresses (cidr)"
    return warning(
        "network policy",
        message,
        f"connections from anywhere else hang until they time out{nodes}",
        "add who is missing to spec.networkPolicy.clients, or to the policy: "
        f"kubectl describe networkpolicy {' '.join(found.policies)} -n {facts.namespace}",
    )


def _for_operator(facts: Facts, labels: dict[str, str]) -> Iterator[Finding]:
    if isinstance(facts.operators, Unknown) or isinstance(facts.policies, Unknown) or not facts.operators:
        return
    home = registries.namespace(facts.operators[0])
    admin = policies.admission(facts.policies, labels, registries.ADMIN_PORT, "admin")
    if not admin.everyone and not policies.admits_namespace(facts.policies, labels, registries.ADMIN_PORT, home):
        yield broken(
            "network policy",
            f"the operator in {home} may not connect to port {registries.ADMIN_PORT} of the pod",
            "it cannot ask what the registry has loaded, so the Registry does not become Ready",
            f"allow namespace {home} in: kubectl edit networkpolicy {' '.join(admin.policies)} -n {facts.namespace}",
        )
