"""What to tell about writes: why a rollout happens, and what was put right.

Rule: an Event is for something that a user did not do themselves, or that ends a running pod; the first difference in
stable order stands for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wharfinger.api.reasons import Reason
from wharfinger.api.registry import Registry
from wharfinger.decide.cause import telling
from wharfinger.decide.conditions import before
from wharfinger.decide.desired import Desired, key_of
from wharfinger.decide.drift import FIELDS, differences
from wharfinger.decide.foreign import paths
from wharfinger.decide.observed import Observed
from wharfinger.decide.outcome import Occurrence

# these change by the operator's own decisions, so only what the API server's record says others wrote is worth a word
_LIVELY = ("Secret", "ConfigMap", "PersistentVolumeClaim")


def changes(
    registry: Registry, observed: Observed, changed: Sequence[tuple[dict[str, Any], tuple[str, ...]]]
) -> tuple[Occurrence, ...]:
    """Events about children that are to be written; each comes with the sorted paths of what differs."""
    spec_is_old = registry.status.get("observedGeneration") == registry.metadata.generation
    stood = before(registry.status, "WorkloadReady").get("status") == "True"
    told = []
    for child, differing in changed:
        kind, name = key_of(child)
        there = (kind, name) in observed.children
        if kind == "Deployment" and not there and not stood:
            told.append(Occurrence("Normal", Reason.DEPLOYMENT_CREATED, f"Created Deployment {name!r}"))
        elif (
            spec_is_old
            and stood
            and (not there or _by_hand(observed, child, differing))
            and not _ours(registry, child, differing)
        ):
            what = f"{telling(differing)} had been changed" if there else "it was missing"
            told.append(Occurrence("Normal", Reason.CHILD_RESTORED, f"Put {kind} {name!r} right: {what}"))
        elif kind == "Deployment" and there:
            ours = spec_is_old and _ours(registry, child, differing)
            who = "this release of the operator" if ours else "the spec"
            message = f"Changed Deployment {name!r}: {telling(differing)}, as {who} asks"
            told.append(Occurrence("Normal", Reason.DEPLOYMENT_CHANGED, message))
    return tuple(told)


def written(observed: Observed, child: dict[str, Any], differing: Sequence[str]) -> str:
    """Why a child is written, for the log: field names alone, never a value."""
    return f"{telling(differing)} differs" if key_of(child) in observed.children else "missing"


def intrusions(added: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> tuple[Occurrence, ...]:
    """Events about what others added to children; each comes with the patch that removes it."""
    told = []
    for child, patch in added:
        kind, name = key_of(child)
        message = f"Put {kind} {name!r} right: removed {telling(paths(patch))}, which is not part of it"
        told.append(Occurrence("Normal", Reason.CHILD_RESTORED, message))
    return tuple(told)


@dataclass(frozen=True, slots=True)
class Held:
    """What spec.paused holds back."""

    differences: tuple[str, ...] = ()
    missing: bool = False  # whether something is not there at all


NOTHING = Held()


def held(observed: Observed, wanted: Desired) -> Held:
    """What would be written, were it not for spec.paused: what is missing, then what differs."""
    missing, differing = [], ["the configuration is behind the spec"] if wanted.configured.held else []
    for child in wanted.held:
        kind, name = key_of(child)
        live = observed.children.get((kind, name))
        if live is None:
            missing.append(f"{kind} {name!r} is missing")
        elif paths := [path for path in differences(child, live) if not path.endswith(FIELDS)]:
            differing.append(f"{kind} {name!r} differs in {telling(paths)}")
    return Held((*missing, *differing), bool(missing))


def _by_hand(observed: Observed, child: dict[str, Any], differing: Sequence[str]) -> bool:
    """Whether somebody else wrote one of the values that differ."""
    kind, name = key_of(child)
    if kind not in _LIVELY:
        return True
    entries = observed.children[kind, name].get("metadata", {}).get("managedFields") or ()
    written = {field.removeprefix("f:") for entry in entries for field in entry.get("fieldsV1", {}).get("f:data") or ()}
    return any(path.removeprefix("data.") in written for path in differing if path.startswith("data."))


def _ours(registry: Registry, child: dict[str, Any], differing: Sequence[str]) -> bool:
    """Whether the child changes because a newer operator asks for something else."""
    if f"metadata.annotations.{FIELDS}" in differing:
        return True
    wanted = {container["image"] for container in _containers(child)}
    return any(path.endswith(".image") for path in differing) and registry.status.get("image") not in wanted


def _containers(child: dict[str, Any]) -> list[dict[str, Any]]:
    containers: list[dict[str, Any]] = child.get("spec", {}).get("template", {}).get("spec", {}).get("containers", [])
    return containers
