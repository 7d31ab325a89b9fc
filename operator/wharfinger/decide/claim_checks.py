"""What stands between the claim and the one that the spec asks for.

Rule: the first thing in the way is named, with the way out.
"""

from __future__ import annotations

from collections.abc import Sequence

from wharfinger.api.parse import quantity
from wharfinger.api.reasons import Reason
from wharfinger.decide import content, sharing, usage
from wharfinger.decide.claim import State, spec_of
from wharfinger.decide.condition import Finding, bad, good

_EXPANSION = "set allowVolumeExpansion: true on its StorageClass, or set spec.storage.size back to its capacity"
_FREE = "delete images and collect garbage"
_ANOTHER = "make a Registry with another spec.storage.storageClassName (kubectl get storageclass lists them)"
_COPY = "copy the content to a new Registry, or set the field back"


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
    wanted, has = state.registry.spec.storage.storage_class_name, spec_of(state.live).get("storageClassName")
    if not wanted or has is None or wanted == has:
        return None
    message = f"claim {state.name!r} has storage class {has!r} and cannot change to {wanted!r}: {_COPY}"
    return bad(Reason.STORAGE_CLASS_REFUSED, message)


def other_modes(state: State) -> Finding | None:
    """Does the spec ask for other access modes than the claim has?"""
    wanted: Sequence[str] | None = state.registry.spec.storage.access_modes
    has = spec_of(state.live).get("accessModes") or []
    if not wanted or not has or sorted(wanted) == sorted(has):
        return None
    message = f"claim {state.name!r} has access modes {', '.join(has)} and cannot change them: {_COPY}"
    return bad(Reason.ACCESS_MODES_REFUSED, message)


def unshared(state: State) -> Finding | None:
    """Does the spec ask for more pods than may have the claim?"""
    wanted, has = state.registry.spec.running, spec_of(state.live).get("accessModes") or []
    if wanted <= sharing.running(state.registry, state.observed):
        return None
    if state.registry.spec.storage.import_from:
        message = f"one of {wanted} replicas runs, for an import has the claim to itself"
        way_out = "remove spec.storage.importFrom once status.storage.imported says what has come"
        return bad(Reason.ACCESS_MODES_REFUSED, f"{message}: {way_out}")
    message = f"claim {state.name!r} has access modes {', '.join(has)}, so one of {wanted} replicas runs"
    return bad(Reason.ACCESS_MODES_REFUSED, f"{message}: set spec.replicas to 1, or use a claim with {sharing.MANY}")


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
    told = any(_about_volumes(event) for event in state.observed.pod_events)
    if not told and ("Deployment", state.registry.metadata.name) not in state.observed.children:
        message = (
            f"claim {state.name!r} gets its volume with its first pod, and there is none yet: see the other conditions"
        )
        return bad(Reason.CLAIM_PENDING, message)
    return bad(Reason.CLAIM_PENDING, f"claim {state.name!r} waits for a volume{unprovisioned(state)}")


def class_missing(state: State) -> Finding | None:
    """Does Kubernetes say that there is no such storage class?"""
    if state.phase != "Pending" or state.live is None:
        return None
    wanted = spec_of(state.live).get("storageClassName")
    missing = f'"{wanted}" not found'
    if not wanted or not any(_about_volumes(event) and missing in event for event in state.observed.pod_events):
        return None
    way_out = "create it" + ("" if state.registry.spec.storage.existing_claim else f", or {_ANOTHER}")
    message = f"there is no storage class {wanted!r}, so claim {state.name!r} gets no volume: {way_out}"
    return bad(Reason.STORAGE_CLASS_MISSING, message)


def unprovisioned(state: State) -> str:
    """What may keep a claim from its volume, as the end of a sentence; it names the storage class."""
    told = next((event for event in state.observed.pod_events if _about_volumes(event)), "")
    wanted = spec_of(state.live).get("storageClassName")
    if wanted is None:
        return f": {told or 'it names no storage class and the cluster has no default one: make one the default'}"
    hint = told or f"if none comes, check that class {wanted!r} exists and has a provisioner"
    return f" of storage class {wanted!r}: {hint}"


def _about_volumes(event: str) -> bool:
    """Whether a warning explains a missing volume, and does not only complain of it."""
    return "FailedScheduling" not in event and any(word in event.lower() for word in ("volume", "storageclass"))


def not_expandable(state: State) -> Finding | None:
    """Is it to grow, and its class does not let it?"""
    storage, requested = state.registry.spec.storage, state.requested
    if storage.existing_claim or state.expandable is not False or requested is None:
        return None
    if quantity(state.wanted) > quantity(requested):
        message = f"claim {state.name!r} cannot grow from {requested} to {state.wanted}: storage class "
        message += (
            f"{state.class_name!r} does not allow it: {_patch(state)}, or set spec.storage.size back to {requested}"
        )
        return bad(Reason.EXPANSION_REFUSED, message)
    if storage.auto_grow:
        message = f"spec.storage.autoGrow cannot work: storage class {state.class_name!r} does not let claims grow"
        return bad(Reason.EXPANSION_REFUSED, f"{message}: {_patch(state)}, or remove autoGrow")
    return None


def _patch(state: State) -> str:
    return f"kubectl patch storageclass {state.class_name} -p '{{\"allowVolumeExpansion\": true}}'"


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


def read_only(state: State) -> Finding | None:
    """Is it so full that pushes are refused?"""
    told = usage.usage(state.registry, state.observed)
    if not told.read_only:
        return None
    above = state.registry.spec.storage.read_only_above
    message = f"pushes are refused: the volume of claim {state.name!r} is {told.percent or 0} % full, and "
    message += f"spec.storage.readOnlyAbove is {above}; pulls and deletions go on: {_FREE}{_more(state)}"
    return bad(Reason.READ_ONLY, message)


def filling(state: State) -> Finding | None:
    """Is it filling up?"""
    told = usage.usage(state.registry, state.observed)
    if told.percent is None or told.percent < usage.warned_from(state.registry):
        return None
    above = state.registry.spec.storage.read_only_above
    message = f"the volume of claim {state.name!r} is {told.percent} % full, and above {above} % pushes are refused"
    return good(Reason.CLAIM_FILLING, f"{message}: {_FREE}{_more(state)}")


def _more(state: State) -> str:
    """How there can be more room, as the end of a sentence."""
    storage = state.registry.spec.storage
    if storage.existing_claim:
        return f", or enlarge claim {state.name!r}"
    if storage.auto_grow is None:
        return ", or set spec.storage.size to more"
    if quantity(state.requested or "0") >= quantity(storage.auto_grow.to):
        return f", or set spec.storage.autoGrow.to to more than {storage.auto_grow.to}"
    return ""


def bound(state: State) -> Finding:
    """It is there and large enough."""
    larger = ""
    if not state.registry.spec.storage.existing_claim and state.size != state.wanted:
        why = "it grows as it fills" if state.registry.spec.storage.auto_grow else "a claim cannot shrink"
        larger = f" (more than the {state.wanted} of the spec; {why})"
    return good(Reason.CLAIM_BOUND, f"claim {state.name!r} is bound, {state.capacity or state.requested}{larger}")


CHECKS = (
    refused, existing_missing, creating, deleting, other_class, other_modes, unshared, lost, content.abandoned,
    class_missing, pending, content.known_before, content.doubted, content.damaged, not_expandable, resizing, read_only,
    filling, bound,
)  # fmt: skip
