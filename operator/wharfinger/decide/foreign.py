"""What others have added to a child, and the patch that takes it out again.

Rule: server-side apply puts our fields right and never removes anybody else's, so a container or a data key that
someone added would stay. The API server's own record of who set which field (managedFields, as FieldsV1) says what is
not ours; only `spec` and `data` count, and annotations of the pod template are anybody's (`kubectl rollout restart`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from wharfinger.decide.drift import MERGE_KEYS
from wharfinger.decide.observed import Manifest

_OURS = ("spec", "data")
# the API server's controllers write into a claim's spec
# of what is no part of Kubernetes there is no strategic merge patch
_LEFT_ALONE = ("PersistentVolumeClaim", "Certificate", "HTTPRoute", "BackendTLSPolicy")
_UNION = "spec.strategy"
_ANYBODYS = "spec.template.metadata.annotations"


def removal(wanted: Manifest, live: Manifest) -> dict[str, Any]:
    """Make the strategic merge patch that removes from `live` what others added to `wanted`; {} when nothing was."""
    patch: dict[str, Any] = {}
    if wanted["kind"] in _LEFT_ALONE:
        return patch
    for entry in live.get("metadata", {}).get("managedFields", ()):
        for field in _OURS:
            fields = entry.get("fieldsV1", {}).get(f"f:{field}", {})
            found = _strip(fields, wanted.get(field, {}), live.get(field, {}), field)
            if found:
                patch[field] = _merged(patch.get(field, {}), found)
    return patch


def paths(patch: Mapping[str, Any], at: str = "") -> tuple[str, ...]:
    """Name what a removal takes out, sorted."""
    found: list[str] = []
    for key, value in patch.items():
        path = f"{at}.{key}" if at else key
        if isinstance(value, Mapping):
            found += paths(value, path)
        elif isinstance(value, list):
            for item in value:
                where = f"{path}[{item[_merge_key(item)]}]"
                inner = {name: part for name, part in item.items() if name != _merge_key(item)}
                found += [where] if "$patch" in item else paths(inner, where)
        elif value is None:
            found.append(path)
    return tuple(sorted(found))


def _strip(fields: Mapping[str, Any], wanted: Any, live: Any, path: str) -> dict[str, Any]:
    """Walk the fields of one manager down to where ours end."""
    patch: dict[str, Any] = {}
    if not isinstance(wanted, Mapping) or not isinstance(live, Mapping) or path == _ANYBODYS:
        return patch
    for key, inner in fields.items():
        name = key.removeprefix("f:")
        if key == "." or name not in live:
            continue
        if name not in wanted:
            if f"{path}.{name}" != _ANYBODYS:
                patch[name] = None
        elif isinstance(wanted[name], list):
            if items := _strip_items(inner, wanted[name], live[name], f"{path}.{name}"):
                patch[name] = items
        elif found := _strip(inner, wanted[name], live[name], f"{path}.{name}"):
            patch[name] = found
    if patch and path == _UNION:
        # a strategy without its parameters is only valid together with the type that has none
        patch["type"] = wanted["type"]
    return patch


def _strip_items(fields: Mapping[str, Any], wanted: list[Any], live: Any, path: str) -> list[dict[str, Any]]:
    """The same for a list whose entries have a key."""
    patch = []
    for key, inner in fields.items():
        if not key.startswith("k:"):
            continue
        identity = json.loads(key.removeprefix("k:"))
        merge_key = _merge_key(identity)
        ours = _entry(wanted, identity, merge_key)
        theirs = _entry(live, identity, merge_key)
        if theirs is None:
            continue
        if ours is None:
            patch.append({merge_key: identity[merge_key], "$patch": "delete"})
        elif found := _strip(inner, ours, theirs, path):
            patch.append({merge_key: identity[merge_key], **found})
    return patch


def _entry(items: Any, identity: Mapping[str, Any], merge_key: str) -> Any:
    return next((item for item in items or () if item.get(merge_key) == identity[merge_key]), None)


def _merge_key(identity: Mapping[str, Any]) -> str:
    """The key that a strategic merge patch finds an entry by."""
    known = [name for names in MERGE_KEYS.values() for name in names if name in identity]
    return known[0] if known else next(iter(identity))


def _merged(one: Any, other: Any) -> Any:
    """Join the removals of two managers."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: _merged(one.get(key), other[key]) if key in other else one[key] for key in {**one, **other}}
    if isinstance(one, list) and isinstance(other, list):
        return one + [item for item in other if item not in one]
    return other if other is not None else one
