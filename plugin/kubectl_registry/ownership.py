"""Who else writes an object: GitOps tools and field managers.

Rule: pure; a change by hand to what a GitOps tool keeps is undone by it, so its name and the way round are said first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kubectl_registry.kube.kinds import FIELD_MANAGER
from kubectl_registry.registries import Object

_MARKS = {
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "argocd.argoproj.io/instance": "Argo CD",
    "kustomize.toolkit.fluxcd.io/name": "Flux",
    "helm.toolkit.fluxcd.io/name": "Flux",
    "meta.helm.sh/release-name": "Helm",
}
_MANAGERS = {"argocd": "Argo CD", "kustomize-controller": "Flux", "helm-controller": "Flux", "helm": "Helm"}


def keeper(thing: Object) -> str:
    """The GitOps tool that keeps an object; empty when none does."""
    metadata = thing["metadata"]
    marks = {**(metadata.get("labels") or {}), **(metadata.get("annotations") or {})}
    return next((tool for mark, tool in _MARKS.items() if mark in marks), "")


def tool(manager: str) -> str:
    """The GitOps tool behind a field manager; empty when it is none."""
    return next((tool for start, tool in _MANAGERS.items() if manager.startswith(start)), "")


def owners(thing: Object, path: Iterable[str]) -> list[str]:
    """The field managers, other than ours, that own a field; `path` is as `managedFields` has it (`f:spec`, …)."""
    path = list(path)
    found = []
    for entry in thing["metadata"].get("managedFields") or []:
        if entry.get("manager") != FIELD_MANAGER and not entry.get("subresource") and _has(entry, path):
            found.append(str(entry.get("manager")))
    return found


def mine(thing: Object, path: Iterable[str]) -> Mapping[str, Any]:
    """What our own field manager owns below a path by server-side apply."""
    found: Mapping[str, Any] = {}
    for entry in thing["metadata"].get("managedFields") or []:
        if entry.get("manager") == FIELD_MANAGER and entry.get("operation") == "Apply":
            found = _below(entry.get("fieldsV1") or {}, path)
    return found


def _has(entry: Object, path: list[str]) -> bool:
    fields = _below(entry.get("fieldsV1") or {}, path[:-1])
    return path[-1] in fields


def _below(fields: Mapping[str, Any], path: Iterable[str]) -> Mapping[str, Any]:
    for part in path:
        fields = fields.get(part) or {}
    return fields
