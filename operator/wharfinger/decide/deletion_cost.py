"""Which of a Deployment's pods goes last when there are to be fewer: the one that has the content open.

Rule: a pod that is not active has no cost of ours, and one that is gets it only where another could go in its place.
What somebody else has put there stands. While nobody says that it is active, nothing is changed.

Source: Kubernetes, ReplicaSet, "Pod deletion cost": of the ready pods of a ReplicaSet the one with the lowest cost goes
first; without the annotation it is 0.
"""

from __future__ import annotations

from collections.abc import Mapping

from wharfinger.api.registry import Registry
from wharfinger.decide.observed import Manifest, Observed
from wharfinger.decide.replicas import active, pod_name, serving
from wharfinger.decide.sharing import shared

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"  # an annotation of pods
ACTIVE = "100"


def deletion_costs(registry: Registry, observed: Observed) -> Mapping[str, str | None]:
    """The cost that pods are to be given, by their names; None where it is to be taken off."""
    first = serving(observed)
    if first is None or not shared(registry, observed):
        return {}
    wanted: dict[str, str | None] = {}
    if _several(registry, observed) and _cost(first.pod) is None:
        wanted[pod_name(first.pod)] = ACTIVE
    others = (replica.pod for replica in active(observed) if replica is not first)
    return wanted | {pod_name(pod): None for pod in others if _cost(pod) == ACTIVE}


def _several(registry: Registry, observed: Observed) -> bool:
    """Whether one Deployment keeps several pods now: a rollout of a single one ends the old one in any case."""
    deployment = observed.children.get(("Deployment", registry.metadata.name))
    return deployment is not None and deployment["spec"].get("replicas", 1) > 1


def _cost(pod: Manifest) -> str | None:
    cost: str | None = (pod.get("metadata", {}).get("annotations") or {}).get(DELETION_COST)
    return cost
