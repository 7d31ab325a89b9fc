"""Storage: from `spec.storage` to the claim, and to the condition that says how it fares.

Rule: content is never lost by accident. A claim is never shrunk, never replaced, never deleted by the operator; what
cannot change keeps the value that it has, and the condition says the way out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wharfinger.api.parse import quantity
from wharfinger.api.reasons import Reason
from wharfinger.api.registry import Registry
from wharfinger.api.status import StorageStatus
from wharfinger.children.claim import claim as made
from wharfinger.children.owner import Owner
from wharfinger.decide import usage
from wharfinger.decide.claim import State, live_claim, spec_of
from wharfinger.decide.claim_checks import CHECKS
from wharfinger.decide.condition import Finding, first
from wharfinger.decide.conditions import before
from wharfinger.decide.observed import Observed
from wharfinger.decide.outcome import Occurrence, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored(Outcome):
    """The claim that the pod mounts."""

    claim_name: str
    finding: Finding


def decide(registry: Registry, owner: Owner, observed: Observed) -> Stored:
    """Decide on the claim."""
    storage = registry.spec.storage
    state = State(registry, observed, live_claim(registry, observed))
    finding = first(CHECKS, state)
    if storage.existing_claim:
        # a claim of our own from before stays: its content is the user's
        events = (*_imported(state), *_filling(state, finding))
        return Stored(claim_name=storage.existing_claim, finding=finding, events=events)
    wanted = made(
        owner,
        size=state.size,
        access_modes=spec_of(state.live).get("accessModes") or storage.access_modes or ("ReadWriteOnce",),
        storage_class=spec_of(state.live).get("storageClassName") if state.live else storage.storage_class_name,
        retain=storage.on_delete == "Retain",
    )
    events = (*_events(state, wanted), *_imported(state), *_filling(state, finding))
    return Stored(children=(wanted,), claim_name=owner.name, finding=finding, events=events)


def _older(state: State) -> bool:
    """Whether the claim was there before the Registry: one that is not was made by an operator that ended since."""
    born = str((state.live or {}).get("metadata", {}).get("creationTimestamp", ""))
    return born < state.registry.metadata.creation_timestamp  # both as Kubernetes writes them: UTC, in whole seconds


def _events(state: State, wanted: Mapping[str, Any]) -> tuple[Occurrence, ...]:
    name, asked = state.name, wanted["spec"]["resources"]["requests"]["storage"]
    if state.live is None:
        return (Occurrence("Normal", Reason.CLAIM_CREATED, f"Created claim {name!r} of {asked}"),)
    if not state.registry.status.get("conditions") and _older(state):
        return (
            Occurrence("Normal", Reason.CLAIM_CREATED, f"Took up claim {name!r}, which was there, with its content"),
        )
    if state.requested and quantity(asked) > quantity(state.requested):
        message = f"Enlarged claim {name!r} from {state.requested} to {asked}"
        if quantity(asked) > quantity(state.wanted):
            message += ", because it fills up (spec.storage.autoGrow)"
        return (Occurrence("Normal", Reason.CLAIM_CREATED, message),)
    return ()


def _imported(state: State) -> tuple[Occurrence, ...]:
    """What came of an import, once."""
    come = usage.imported(state.observed) if state.registry.spec.storage.import_from else None
    if not come or come == (state.registry.status.get("storage") or {}).get("imported"):
        return ()
    return (Occurrence("Normal", Reason.IMPORTED, f"From what was on claim {state.name!r}: {come}"),)


def _filling(state: State, finding: Finding) -> tuple[Occurrence, ...]:
    """A warning when the volume begins to fill up."""
    known = before(state.registry.status, "StorageReady").get("reason")
    if finding.reason != Reason.CLAIM_FILLING or known == finding.reason.value:
        return ()
    return (Occurrence("Warning", finding.reason, f"StorageReady: {finding.message}"),)


def status(registry: Registry, observed: Observed, stored: Stored) -> StorageStatus:
    """What status says of the claim."""
    told = usage.usage(registry, observed)
    return StorageStatus(
        claim_name=stored.claim_name,
        capacity=State(registry, observed, live_claim(registry, observed)).capacity,
        used=told.used,
        used_percent=told.percent,
        read_only=told.read_only,
        imported=told.imported if registry.spec.storage.import_from else None,
    )
