"""The workload: from the spec to Deployment, Service and ServiceAccount.

Rule: the index is embedded, so two pods must never have it open. On a claim that one pod can have, the old one is gone
before the new one starts (Recreate); on one that several may have, the new one stands by until the old one lets go.
"""

from __future__ import annotations

from typing import Any

from wharfinger.api.meta import plain
from wharfinger.api.registry import Registry
from wharfinger.children.deployment import PodSettings, deployment
from wharfinger.children.owner import Owner
from wharfinger.children.pod_disruption_budget import pod_disruption_budget
from wharfinger.children.service import service
from wharfinger.children.service_account import service_account
from wharfinger.decide import sharing
from wharfinger.decide.configuration import port
from wharfinger.decide.observed import Observed, Settings

_RESOURCES = {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "1Gi"}}


def image(registry: Registry, settings: Settings) -> str:
    """The image that the registry is to run."""
    return registry.spec.image or settings.image


def node_port(registry: Registry, observed: Observed) -> int | None:
    """The node port that the Service should have: the spec's, or else the one that it has or last had.

    Status keeps it, so that a Service that is made again, or whose type is put right, is found where it was. One that
    another Service has taken meanwhile is given up.
    """
    service, name = registry.spec.service, registry.metadata.name
    if service.type == "ClusterIP" or service.node_port:
        return service.node_port
    if "nodePort" in observed.refused.get(("Service", name), ""):
        return None
    live = observed.children.get(("Service", name)) or {}
    ports = (live.get("spec") or {}).get("ports") or [{}]
    port = registry.status.get("nodePort") or ports[0].get("nodePort")
    return int(port) if port else None


def frame(registry: Registry, owner: Owner, observed: Observed) -> tuple[dict[str, Any], ...]:
    """What stands around the pods: ServiceAccount, Service, and a PodDisruptionBudget where there are two.

    For one pod that would keep every node from being emptied.
    """
    budget = (pod_disruption_budget(owner),) if sharing.running(registry, observed) > 1 else ()
    return (
        service_account(owner),
        service(
            owner,
            port=port(registry),
            tls=registry.spec.tls.issuer != "Disabled",
            node_port=node_port(registry, observed),
            annotations=registry.spec.service.annotations,
            fields=_service_fields(registry),
        ),
        *budget,
    )


def _service_fields(registry: Registry) -> dict[str, Any]:
    """What of the Service's spec the Registry hands on as it is."""
    given = plain(registry.spec.service)
    for ours in ("port", "nodePort", "annotations"):
        given.pop(ours, None)
    return {"type": registry.spec.service.type, **given}


def pods(registry: Registry, owner: Owner, observed: Observed, settings: Settings, claim: str) -> dict[str, Any]:
    """The Deployment."""
    pod = registry.spec.pod
    resources = _RESOURCES if pod.resources is None else plain(pod.resources)
    return deployment(
        owner,
        replicas=sharing.running(registry, observed),
        surge=sharing.surging(registry, observed),
        claim=claim,
        tls=registry.spec.tls.issuer != "Disabled",
        pod=PodSettings(
            image=image(registry, settings),
            pull_policy=pod.image_pull_policy,
            resources=resources,
            node_selector=pod.node_selector,
            tolerations=[plain(toleration) for toleration in pod.tolerations],
            affinity=plain(pod.affinity) if pod.affinity else None,
            priority_class=pod.priority_class_name,
            pull_secrets=[plain(secret) for secret in pod.image_pull_secrets],
            standby=sharing.shared(registry, observed),
            imports=registry.spec.storage.import_from is not None,
            labels=pod.labels,
            annotations=pod.annotations,
        ),
    )
