"""Whether several pods may have the claim, and so how many run and how they are replaced.

Rule: what the live claim allows decides, for its access modes never change. While an existing claim is not seen, what
runs stays as it is. An import has the claim to itself.
"""

from __future__ import annotations

from wharfinger.api.registry import Registry
from wharfinger.decide.claim import live_claim, spec_of
from wharfinger.decide.observed import Observed

MANY = "ReadWriteMany"


def shared(registry: Registry, observed: Observed) -> bool:
    """Whether pods on several nodes may have the claim at the same time."""
    live, storage = live_claim(registry, observed), registry.spec.storage
    if storage.import_from:
        return False
    if live is not None:
        return MANY in (spec_of(live).get("accessModes") or ())
    deployment = observed.children.get(("Deployment", registry.metadata.name))
    if storage.existing_claim and deployment is not None:
        return bool((deployment["spec"].get("strategy") or {}).get("type") == "RollingUpdate")
    return MANY in (storage.access_modes or ())


def running(registry: Registry, observed: Observed) -> int:
    """Number of pods that there should be: one at most on a claim that others cannot have too."""
    wanted = registry.spec.running
    return wanted if wanted <= 1 or shared(registry, observed) else 1
