"""Storage: from `spec.storage` to the claim, and to the condition that says how it fares.

Rule: content is never lost by accident. A claim is never shrunk, never replaced, never deleted by the operator; what
cannot change keeps the value that it has, and the condition says the way out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wharfinger.api.parse import quantity, size
from wharfinger.api.reasons import Reason
from wharfinger.api.registry import Registry
from wharfinger.api.status import StorageStatus
from wharfinger.api.storage import DEFAULT_SIZE
from wharfinger.children.claim import claim
from wharfinger.children.owner import Owner
from wharfinger.decide.condition import Finding, bad, first, good
from wharfinger.decide.observed import Manifest, Observed
from wharfinger.decide.outcome import Occurrence, Outcome
from wharfinger.decide.replicas import active

_EXPANSION = "set allowVolumeExpansion: true on its StorageClass, or set spec.storage.size back to its capacity"
_ANOTHER = "make a Registry with another spec.storage.storageClassName (kubectl get storageclass lists them)"
_COPY = "copy the content to a new Registry, or set the field back"


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
        return Stored(claim_name=storage.existing_claim, finding=finding)
    wanted = claim(
        owner,
        size=state.size,
        access_modes=_spec(state.live).get("accessModes") or storage.access_modes or ("ReadWriteOnce",),
        storage_class=_spec(state.live).get("storageClassName") if state.live else storage.storage_class_name,
        retain=storage.on_delete == "Retain",
    )
    return Stored(children=(wanted,), claim_name=owner.name, finding=finding, events=_events(state, wanted))


def live_claim(registry: Registry, observed: Observed) -> Manifest | None:
    """The claim as it is."""
    name = registry.spec.storage.existing_claim or registry.metadata.name
    return observed.children.get(("PersistentVolumeClaim", name))


def _spec(live: Manifest | None) -> Mapping[str, Any]:
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
        requests = (_spec(self.live).get("resources") or {}).get("requests") or {}
        return requests.get("storage")

    @property
    def size(self) -> str:
        """What the claim should ask for: as much as the spec wants, but never less than it asks for already.

        Kubernetes lets only a bound claim grow, so one that still waits for its volume waits with this too.
        """
        requested = self.requested
        if requested is None:
            return self.wanted
        if self.phase != "Bound":
            return requested
        return self.wanted if quantity(self.wanted) > quantity(requested) else requested

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


def refused(state: State) -> Finding | None:
    """Did the API server refuse the claim?"""
    message = state.observed.refused.get(("PersistentVolumeClaim", state.name))
    if message is None:
        return None
    if "resize" in message or "expan" in message:
        return bad(Reason.REFUSED, f"claim {state.name!r} cannot grow: {_EXPANSION}. The API server says: {message}")
    return bad(Reason.REFUSED, f"claim {state.name!r} was refused: {message}")


def existing_missing(state: State) -> Finding | None:
    """Is the claim that the spec names there?"""
    if state.live is not None or not state.registry.spec.storage.existing_claim:
        return None
    message = f"claim {state.name!r} of spec.storage.existingClaim is missing: create it, or remove the field"
    return bad(Reason.CLAIM_MISSING, message)


def creating(state: State) -> Finding | None:
    """Is there a claim yet?"""
    return bad(Reason.CLAIM_CREATING, f"claim {state.name!r} is being created") if state.live is None else None


def deleting(state: State) -> Finding | None:
    """Is somebody deleting it?"""
    if not (state.live or {}).get("metadata", {}).get("deletionTimestamp"):
        return None
    message = (
        f"claim {state.name!r} is being deleted and its content goes with it once no pod uses it: back the content up "
        "now (its volume can be kept by setting the volume's reclaim policy to Retain)"
    )
    return bad(Reason.CLAIM_DELETING, message)


def other_class(state: State) -> Finding | None:
    """Does the spec ask for another class than the claim has?"""
    wanted, has = state.registry.spec.storage.storage_class_name, _spec(state.live).get("storageClassName")
    if not wanted or has is None or wanted == has:
        return None
    message = f"claim {state.name!r} has storage class {has!r} and cannot change to {wanted!r}: {_COPY}"
    return bad(Reason.STORAGE_CLASS_REFUSED, message)


def other_modes(state: State) -> Finding | None:
    """Does the spec ask for other access modes than the claim has?"""
    wanted: Sequence[str] | None = state.registry.spec.storage.access_modes
    has = _spec(state.live).get("accessModes") or []
    if not wanted or not has or sorted(wanted) == sorted(has):
        return None
    message = f"claim {state.name!r} has access modes {', '.join(has)} and cannot change them: {_COPY}"
    return bad(Reason.ACCESS_MODES_REFUSED, message)


def lost(state: State) -> Finding | None:
    """Has the volume gone?"""
    if state.phase != "Lost":
        return None
    message = f"the volume of claim {state.name!r} is gone: restore the volume, or delete the claim to start empty"
    return bad(Reason.CLAIM_LOST, message)


def pending(state: State) -> Finding | None:
    """Is it waiting for a volume?"""
    if state.phase == "Bound":
        return None
    if state.registry.spec.running == 0:
        way_out = "set spec.hibernate to false" if state.registry.spec.hibernate else "set spec.replicas to 1"
        return bad(Reason.CLAIM_PENDING, f"claim {state.name!r} gets its volume with its first pod: {way_out}")
    return bad(Reason.CLAIM_PENDING, f"claim {state.name!r} waits for a volume{unprovisioned(state)}")


def class_missing(state: State) -> Finding | None:
    """Does Kubernetes say that there is no such storage class?"""
    if state.phase != "Pending" or state.live is None:
        return None
    wanted = _spec(state.live).get("storageClassName")
    missing = f'"{wanted}" not found'
    if not wanted or not any(_about_volumes(event) and missing in event for event in state.observed.pod_events):
        return None
    way_out = "create it" + ("" if state.registry.spec.storage.existing_claim else f", or {_ANOTHER}")
    message = f"there is no storage class {wanted!r}, so claim {state.name!r} gets no volume: {way_out}"
    return bad(Reason.STORAGE_CLASS_MISSING, message)


def unprovisioned(state: State) -> str:
    """What may keep a claim from its volume, as the end of a sentence; it names the storage class."""
    told = next((event for event in state.observed.pod_events if _about_volumes(event)), "")
    wanted = _spec(state.live).get("storageClassName")
    if wanted is None:
        return f": {told or 'it names no storage class and the cluster has no default one: make one the default'}"
    hint = told or f"if none comes, check that class {wanted!r} exists and has a provisioner"
    return f" of storage class {wanted!r}: {hint}"


def _about_volumes(event: str) -> bool:
    """Whether a warning explains a missing volume, and does not only complain of it."""
    return "FailedScheduling" not in event and any(word in event.lower() for word in ("volume", "storageclass"))


def resizing(state: State) -> Finding | None:
    """Is the volume smaller than the claim asks for?"""
    spec = state.registry.spec
    wanted = state.requested if spec.storage.existing_claim or spec.paused else state.size
    if state.capacity is None or wanted is None or quantity(state.capacity) >= quantity(wanted):
        return None
    conditions = ((state.live or {}).get("status") or {}).get("conditions") or []
    told = next((f": {c['message']}" for c in conditions if c.get("message")), "")
    if state.requested is not None and quantity(state.requested) < quantity(wanted):
        told = f": if it does not, {_EXPANSION}"
    return bad(Reason.CLAIM_RESIZING, f"claim {state.name!r} is to grow from {state.capacity} to {wanted}{told}")


def bound(state: State) -> Finding:
    """It is there and large enough."""
    larger = ""
    if not state.registry.spec.storage.existing_claim and state.size != state.wanted:
        larger = f" (more than the {state.wanted} of the spec; a claim cannot shrink)"
    return good(Reason.CLAIM_BOUND, f"claim {state.name!r} is bound, {state.capacity or state.requested}{larger}")


CHECKS = (
    refused, existing_missing, creating, deleting, other_class, other_modes, lost, class_missing, pending, resizing,
    bound,
)  # fmt: skip


def _events(state: State, wanted: Mapping[str, Any]) -> tuple[Occurrence, ...]:
    name, asked = state.name, wanted["spec"]["resources"]["requests"]["storage"]
    if state.live is None:
        return (Occurrence("Normal", Reason.CLAIM_CREATED, f"Created claim {name!r} of {asked}"),)
    if not state.registry.status.get("conditions"):
        return (
            Occurrence("Normal", Reason.CLAIM_CREATED, f"Took up claim {name!r}, which was there, with its content"),
        )
    if state.requested and quantity(asked) > quantity(state.requested):
        return (
            Occurrence("Normal", Reason.CLAIM_CREATED, f"Enlarged claim {name!r} from {state.requested} to {asked}"),
        )
    return ()


def status(registry: Registry, observed: Observed, stored: Stored) -> StorageStatus:
    """What status says of the claim; what the registry last reported stays while it cannot be asked."""
    old = registry.status.get("storage") or {}
    reports = [replica.report for replica in active(observed) if replica.report is not None]
    capacity = State(registry, observed, live_claim(registry, observed)).capacity
    if not reports:
        known = {key: old.get(key) for key in ("used", "usedPercent", "readOnly")}
        return StorageStatus(
            claim_name=stored.claim_name,
            capacity=capacity,
            used=known["used"],
            used_percent=known["usedPercent"],
            read_only=known["readOnly"],
        )
    report = reports[0]
    taken = report.capacity - report.available
    return StorageStatus(
        claim_name=stored.claim_name,
        capacity=capacity,
        used=size(report.used),
        used_percent=round(100 * taken / report.capacity) if report.capacity else None,
        read_only=report.read_only,
    )
