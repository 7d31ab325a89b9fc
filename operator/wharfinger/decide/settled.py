"""The note in a Registry's status by which an operator that has just started knows that there is nothing to do.

Rule: it saves a look that would come to nothing, until the Registry's pods have been heard, and no other. It is a
digest of all that such a look decides from: whatever has changed since, by whomever, makes another one. What is secret
goes into it by version, never by content.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from wharfinger.api.meta import plain
from wharfinger.api.parse import ParseError, rfc3339, timestamp
from wharfinger.api.status import Settled
from wharfinger.decide.conditions import before
from wharfinger.decide.observed import Manifest, Observed
from wharfinger.decide.outcome import Key
from wharfinger.decide.replicas import active

NOTE = "settled"  # in status
Versions = Mapping[Key, str]  # by kind and name
_TOLD_OFTEN = ("Deployment", "PersistentVolumeClaim")  # their controllers write them now and then, the time of day, say
_PASSING = frozenset(
    {"resourceVersion", "managedFields", "creationTimestamp", "lastUpdateTime", "lastTransitionTime", "lastProbeTime"}
)


def version(child: Manifest) -> str:
    """Which version this is of a child, as far as anything is decided from it."""
    metadata = child["metadata"]
    if child["kind"] not in _TOLD_OFTEN:
        return f"{metadata.get('uid', '')}/{metadata.get('resourceVersion', '')}"
    others = [entry.get("fieldsV1") for entry in metadata.get("managedFields") or ()]
    return _digest([_lasting(child), others])


def versions(observed: Observed) -> Versions | None:
    """The versions of the children and of all that the spec names; None where more counts than those."""
    more = observed.webhooks or observed.absent or observed.refused or observed.pod_events
    if more or observed.elsewhere is not None:
        return None
    return {key: version(child) for key, child in observed.children.items()} | dict(_named(observed))


def without_note(status: Mapping[str, Any]) -> dict[str, Any]:
    """A status but for the note."""
    return {name: value for name, value in status.items() if name != NOTE}


def noted(
    registry: Manifest, status: Mapping[str, Any], known: Versions | None, due: datetime | None, by: str
) -> dict[str, Any]:
    """The status with the note; without one where more counts than versions, or where all is not well.

    `known`: the versions that were decided about, or written since. `due`: when the passing of time alone changes
    something. `by`: the operator's release and settings.
    """
    told = without_note(status)
    if known is None or before(told, "Ready").get("status") != "True":
        return told
    until = rfc3339(due) if due is not None else None
    return {**told, NOTE: plain(Settled(digest=_of(registry, told, known, by), until=until))}


def stands(registry: Manifest, observed: Observed, now: datetime, by: str) -> bool:
    """Whether nothing is to be done until the pods have been heard: all is as the note says, and nothing is due."""
    status = registry.get("status") or {}
    note = status.get(NOTE) or {}
    replicas = active(observed)
    if not note or not replicas or len(replicas) < len(observed.replicas) or any(replica.asked for replica in replicas):
        return False
    try:
        due = timestamp(note["until"]) if "until" in note else None
    except ParseError:
        return False
    if due is not None and now >= due:
        return False
    known = versions(observed)
    return known is not None and note.get("digest") == _of(registry, without_note(status), known, by)


def until(registry: Manifest, now: datetime) -> float | None:
    """The seconds until something is due, by a note that stands; None: nothing is."""
    text = ((registry.get("status") or {}).get(NOTE) or {}).get("until")
    return None if text is None else max(1.0, (timestamp(text) - now).total_seconds())


def _named(observed: Observed) -> Iterator[tuple[Key, str]]:
    found = (("secret", observed.secrets), ("config map", observed.config_maps), ("class", observed.storage_classes))
    for kind, objects in found:
        for name, obj in objects.items():
            yield (kind, name), "" if obj is None else version({"kind": "", **obj})


def _of(registry: Manifest, status: Mapping[str, Any], known: Versions, by: str) -> str:
    metadata = registry["metadata"]
    us = [metadata.get(name) for name in ("uid", "generation", "annotations")]
    return _digest([by, us, status, sorted((*key, version) for key, version in known.items())])


def _lasting(node: Any) -> Any:
    """The same without what a write changes by itself, and the times at which things were said."""
    if isinstance(node, dict):
        return {name: _lasting(value) for name, value in node.items() if name not in _PASSING}
    if isinstance(node, list):
        return [_lasting(item) for item in node]
    return node


def _digest(value: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()[:32]
