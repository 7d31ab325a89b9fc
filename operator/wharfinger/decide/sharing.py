"""Whether several pods may have the claim, and so how many run and how they are replaced.

Rule: what the live claim allows decides, for its access modes never change. While an existing claim is not seen, what
runs stays as it is. An import has the claim to itself. No pod starts beside one that cannot stand by, for only those
that can leave the content to each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wharfinger.api.registry import Registry
from wharfinger.decide.claim import live_claim, spec_of
from wharfinger.decide.observed import Observed
from wharfinger.decide.replicas import pod_name, serving

MANY = "ReadWriteMany"
STANDBY = "--standby"  # what a pod that may stand by is started with


def shared(registry: Registry, observed: Observed) -> bool:
    """Whether pods on several nodes may have the claim at the same time."""
    live, storage = live_claim(registry, observed), registry.spec.storage
    if storage.import_from:
        return False
    if live is not None:
        return MANY in (spec_of(live).get("accessModes") or ())
    deployment = observed.children.get(("Deployment", registry.metadata.name))
    if storage.existing_claim and deployment is not None:
        return _stands_by(deployment["spec"]["template"])
    return MANY in (storage.access_modes or ())


def surging(registry: Registry, observed: Observed) -> bool:
    """Whether a new pod may start beside the old one: not beside one of an earlier release, of an import, or with
    another claim, as both would serve.
    """
    claim = registry.spec.storage.existing_claim or registry.metadata.name
    deployment = observed.children.get(("Deployment", registry.metadata.name))
    known = [] if deployment is None else [deployment["spec"]["template"]]
    there = (replica.pod for replica in observed.replicas)  # those that are going too
    pods = [*known, *(pod for pod in there if pod["status"].get("phase") not in ("Failed", "Succeeded"))]
    return shared(registry, observed) and all(_stands_by(pod) and not _elsewhere(pod, claim) for pod in pods)


def active_pod(registry: Registry, observed: Observed) -> str | None:
    """The pod that has the content open, where another may stand by; the last that had, while nobody says so."""
    if not shared(registry, observed):
        return None
    replica = serving(observed)
    return pod_name(replica.pod) if replica else registry.status.get("activePod")


def _stands_by(pod: Mapping[str, Any]) -> bool:
    """Whether a pod, or the template of one, waits until it is alone."""
    containers = (pod.get("spec") or {}).get("containers") or ()
    return any(STANDBY in (container.get("args") or ()) for container in containers)


def _elsewhere(pod: Mapping[str, Any], claim: str) -> bool:
    """Whether a pod has another claim."""
    volumes = (pod.get("spec") or {}).get("volumes") or ()
    return any((volume.get("persistentVolumeClaim") or {}).get("claimName", claim) != claim for volume in volumes)


def running(registry: Registry, observed: Observed) -> int:
    """Number of pods that there should be: one at most on a claim that others cannot have too."""
    wanted = registry.spec.running
    return wanted if wanted <= 1 or shared(registry, observed) else 1
