"""What differs between a child as it should be and as it is.

Rule: the meaning is server-side apply's. Only fields that we would send matter; lists with a merge key are compared
entry by entry, others whole; amounts are compared as amounts. What we no longer send is found out by the set of field
paths that a child was last sent with, which its annotation holds as a hash: of names only, never of values.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from wharfinger.api.parse import ParseError, quantity
from wharfinger.decide.observed import Manifest

FIELDS = "wharfinger.dev/fields"
MERGE_KEYS: dict[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "volumes": ("name",),
    "env": ("name",),
    "imagePullSecrets": ("name",),
    "volumeMounts": ("mountPath",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "ownerReferences": ("uid",),
    "ports": ("containerPort", "port", "protocol"),
}
# maps that server-side apply replaces whole, so that a key too many counts
_ATOMIC_MAPS = ("spec.selector", "spec.template.spec.nodeSelector", "spec.podSelector", "spec.podSelector.matchLabels")
# a list where a field too many changes the meaning: a NetworkPolicy's `from` shuts everybody else out
_EXACT = ("spec.ingress",)
# a claim's class is sent only once it is known, so its presence says nothing about what the spec asks for
_NOT_COUNTED = ("spec.storageClassName",)


def stamped(child: dict[str, Any]) -> dict[str, Any]:
    """The child with the annotation that says which fields it is sent with."""
    digest = _digest(msgspec.json.encode(child))
    metadata = child["metadata"]
    annotations = {**metadata.get("annotations", {}), FIELDS: digest}
    return {**child, "metadata": {**metadata, "annotations": dict(sorted(annotations.items()))}}


@functools.lru_cache(maxsize=512)  # as many as forty Registries have
def _digest(encoded: bytes) -> str:
    """The hash of the names of all fields of a child."""
    found: list[str] = []
    _collect(msgspec.json.decode(encoded), "", found)
    names = sorted(path for path in found if path not in _NOT_COUNTED)
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]


def differences(wanted: Manifest, live: Manifest) -> tuple[str, ...]:
    """The sorted paths of all fields of `wanted` that `live` lacks or has otherwise; empty: nothing to apply."""
    body = {key: value for key, value in wanted.items() if key not in ("apiVersion", "kind")}
    return tuple(sorted(_compare(body, live, "")))


def _collect(value: Any, path: str, found: list[str]) -> None:
    """Note the path of every field."""
    if isinstance(value, dict):
        start = f"{path}." if path else ""
        for key, item in value.items():
            if isinstance(item, dict | list):
                _collect(item, f"{start}{key}", found)
            else:
                found.append(f"{start}{key}")
        return
    keys = MERGE_KEYS.get(_last(path)) if isinstance(value, list) else None
    if keys is None:
        found.append(path)  # a list is replaced whole, so its inside needs no names
        return
    for item in value:
        _collect(item, f"{path}[{_identity(item, keys)}]", found)


def _compare(wanted: Any, live: Any, path: str) -> Iterator[str]:
    if wanted == live or (_empty(wanted) and _empty(live)):
        return
    if isinstance(wanted, dict):
        if not isinstance(live, dict):
            yield path
            return
        if path in _ATOMIC_MAPS and live.keys() - wanted.keys():
            yield path
        for key, item in wanted.items():
            yield from _compare(item, live.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(wanted, list):
        yield from _compare_lists(wanted, live, path)
    elif not _equal(wanted, live, path):
        yield path


def _compare_lists(wanted: list[Any], live: Any, path: str) -> Iterator[str]:
    if not isinstance(live, list):
        yield path
        return
    keys = MERGE_KEYS.get(_last(path))
    if path in _EXACT:
        if wanted != live:
            yield path
        return
    if keys is None:
        if len(wanted) != len(live) or any(
            True for ours, theirs in zip(wanted, live, strict=True) for _ in _compare(ours, theirs, "")
        ):
            yield path
        return
    there = {_identity(item, keys): item for item in live if isinstance(item, dict)}
    for item in wanted:
        identity = _identity(item, keys)
        if identity in there:
            yield from _compare(item, there[identity], f"{path}[{identity}]")
        else:
            yield f"{path}[{identity}]"


def _identity(item: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    return "/".join(str(item[key]) for key in keys if key in item)


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _empty(value: Any) -> bool:
    """Absent, null, and an empty map or list are one and the same to the API server."""
    return value is None or (isinstance(value, dict | list) and not value)


def _equal(wanted: Any, live: Any, path: str) -> bool:
    if wanted == live:
        return True
    if not any(part in path for part in (".requests.", ".limits.")):
        return False
    try:
        return quantity(wanted) == quantity(live)
    except ParseError:
        return False
