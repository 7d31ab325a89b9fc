"""From an answer of the API server that is no success to an error that names the remedy.

Rule: pure; a lacking right is named by its RBAC verb and resource, with the command that shows who has it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from kubectl_registry.errors import (
    ForbiddenError,
    NotFoundError,
    NotInstalledError,
    PluginError,
    RefusedError,
    UnreachableError,
)
from kubectl_registry.kube.kinds import Kind

OURS = "wharfinger.dev"
_UNKNOWN_FIELD = "field not declared in schema"


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `verb` is RBAC's word for it."""

    verb: str
    kind: Kind
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def path(self) -> str:
        """The path to send it to."""
        return self.kind.path(self.namespace, self.name, self.subresource)

    @property
    def resource(self) -> str:
        """The resource as RBAC has it."""
        return self.kind.resource + (f"/{self.subresource}" if self.subresource else "")


def error(call: Call, status: int, body: bytes) -> PluginError:
    """The error for an answer with this HTTP status, 400 or above."""
    told = _status(body)
    message = str(told.get("message", "")) or body[:300].decode(errors="replace").strip()
    if status == 401:
        return ForbiddenError("the API server does not accept your credentials: log in to the cluster anew")
    if status == 403:
        return _forbidden(call, message)
    if status == 404:
        return _not_found(call, told)
    if (status < 500 and status != 429) or _UNKNOWN_FIELD in message:  # an unknown field is 500 on server-side apply
        return RefusedError(f"the API server refused it: {message}")
    return UnreachableError(f"the API server answered {status}: {message or 'nothing'}; try again")


def _forbidden(call: Call, message: str) -> PluginError:
    where = f"in namespace {call.namespace}" if call.namespace else "in all namespaces"
    flag = f"-n {call.namespace}" if call.namespace else "-A"
    subresource = f" --subresource={call.subresource}" if call.subresource else ""
    text = f"you may not {call.verb} {call.resource} {where}: ask an administrator for this right"
    if call.kind.group == OURS:
        text += f" (ClusterRole {'wharfinger-view' if call.verb in ('get', 'list', 'watch') else 'wharfinger-edit'})"
    text += f", and check it with `kubectl auth can-i {call.verb} {call.kind.resource}{subresource} {flag}`"
    if "forbidden" in message and "cannot" not in message:
        text += f" ({message})"  # quota or an admission policy, no right: its own words say which
    return ForbiddenError(text)


def _not_found(call: Call, told: dict[str, Any]) -> PluginError:
    if told.get("details", {}).get("name") or (told.get("reason") == "NotFound" and told.get("details")):
        return NotFoundError(f"there is no {call.kind.name} {call.name!r} in namespace {call.namespace}")
    if call.kind.group == OURS:
        return NotInstalledError(
            f"the cluster does not know {call.kind.resource}: install Wharfinger "
            "(`kubectl apply --server-side -k manifests/base`), or choose another cluster with --context"
        )
    return NotInstalledError(f"the cluster does not know {call.kind.resource}: it may be too old, or too small")


def _status(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
