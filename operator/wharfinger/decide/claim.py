"""The claim as it is, beside the one that the spec asks for.

Rule: a claim is never shrunk, so its size only ever goes up, except for growth that has not come about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wharfinger.api.parse import quantity
from wharfinger.api.registry import Registry
from wharfinger.api.storage import DEFAULT_SIZE
from wharfinger.decide import usage
from wharfinger.decide.observed import Manifest, Observed
from wharfinger.decide.replicas import content_report


def live_claim(registry: Registry, observed: Observed) -> Manifest | None:
    """The claim as it is."""
    name = registry.spec.storage.existing_claim or registry.metadata.name
    return observed.children.get(("PersistentVolumeClaim", name))


def spec_of(live: Manifest | None) -> Mapping[str, Any]:
    """The spec of a claim; empty when there is none."""
    return (live or {}).get("spec") or {}


@dataclass(frozen=True, slots=True)
class State:
    """What storage is decided from: the spec, and the claim as it is."""

    registry: Registry
    observed: Observed
    live: Manifest | None

    @property
    def wanted(self) -> str:
        """The size that the spec asks for."""
        return self.registry.spec.storage.size or DEFAULT_SIZE

    @property
    def requested(self) -> str | None:
        """The size that the live claim asks for."""
        requests = (spec_of(self.live).get("resources") or {}).get("requests") or {}
        return requests.get("storage")

    @property
    def size(self) -> str:
        """What the claim should ask for: as much as the spec or its filling up wants, but never less than it has.

        Kubernetes lets only a bound claim grow, so one that still waits for its volume waits with this too.
        """
        requested = self.requested
        if requested is None:
            return self.wanted
        if self.phase != "Bound" or self.live is None:
            return requested
        auto = self.registry.spec.storage.auto_grow
        if self.given_up:
            return self.wanted
        grown = usage.grown(auto, self.live, content_report(self.observed)) if auto and self.capacity else None
        largest = max((requested, self.wanted, grown or requested), key=quantity)
        if quantity(largest) > quantity(requested) and self.expandable is False:
            return requested
        return requested if quantity(largest) == quantity(requested) else largest

    @property
    def given_up(self) -> bool:
        """Whether growth that has not come about was taken back: Kubernetes allows it down to above the capacity."""
        if self.registry.spec.storage.auto_grow or self.capacity is None or self.requested is None:
            return False
        return quantity(self.capacity) < quantity(self.wanted) < quantity(self.requested)

    @property
    def class_name(self) -> str | None:
        """The storage class that the claim has."""
        name = spec_of(self.live).get("storageClassName")
        return str(name) if name else None

    @property
    def expandable(self) -> bool | None:
        """Whether the storage class lets claims grow; None where that is not known."""
        found = self.observed.storage_classes.get(self.class_name or "")
        return None if found is None else bool(found.get("allowVolumeExpansion"))

    @property
    def capacity(self) -> str | None:
        """The size of the volume."""
        status = (self.live or {}).get("status") or {}
        return (status.get("capacity") or {}).get("storage")

    @property
    def phase(self) -> str:
        """Pending, Bound or Lost."""
        return str(((self.live or {}).get("status") or {}).get("phase", "Pending"))

    @property
    def name(self) -> str:
        """The claim's name."""
        return self.registry.spec.storage.existing_claim or self.registry.metadata.name
