"""The two CustomResourceDefinitions, as the API server takes them.

Rule: a structural change is made in the models; this module adds only what a model cannot say: names and columns.
"""

from __future__ import annotations

from typing import Any

from wharfinger.api import GROUP, VERSION
from wharfinger.api.meta import Model
from wharfinger.api.registry import Registry
from wharfinger.api.schema import Schema, defaults, schema_of
from wharfinger.api.status import RegistryStatus, RegistryWebhookStatus
from wharfinger.api.webhook import RegistryWebhook

_READY = '.status.conditions[?(@.type=="Ready")]'


def _column(name: str, path: str, description: str, *, kind: str = "string", wide: bool = False) -> dict[str, Any]:
    column = {"name": name, "type": kind, "jsonPath": path, "description": description}
    return column | ({"priority": 1} if wide else {})


_AGE = _column("Age", ".metadata.creationTimestamp", "Time since creation.", kind="date")
_REGISTRY_COLUMNS = [
    _column("Ready", f"{_READY}.status", "Whether everything is as the spec asks."),
    _column("URL", ".status.url", "URL that clients use."),
    _column("Users", ".status.userCount", "Users who can log in.", kind="integer"),
    _column("Used", ".status.storage.used", "Content stored."),
    _column("Capacity", ".status.storage.capacity", "Capacity of the claim.", wide=True),
    _column("Image", ".status.image", "Image of the registry.", wide=True),
    _AGE,
    _column("Message", f"{_READY}.message", "What is wrong, and what to do.", wide=True),
]
_WEBHOOK_COLUMNS = [
    _column("Registry", ".spec.registryRef.name", "The Registry whose events are sent."),
    _column("Ready", f"{_READY}.status", "Whether the registry knows the endpoint."),
    _column("Delivering", '.status.conditions[?(@.type=="Delivering")].status', "Whether the endpoint takes events."),
    _column("Delivered", ".status.delivered", "Events delivered.", kind="integer"),
    _column("Pending", ".status.pending", "Events waiting.", kind="integer"),
    _column("Dead", ".status.dead", "Events given up.", kind="integer"),
    _column("Error", ".status.lastError.message", "Why the last attempt failed; empty when it did not."),
    _column("URL", ".spec.url", "Where events are sent.", wide=True),
    _AGE,
    _column("Message", f"{_READY}.message", "What is wrong, and what to do.", wide=True),
]


def crds() -> dict[str, dict[str, Any]]:
    """Both definitions, keyed by the name that their file has."""
    registry = _root(Registry, RegistryStatus)
    registry["properties"]["spec"]["default"] = defaults(registry["properties"]["spec"])
    webhook = _root(RegistryWebhook, RegistryWebhookStatus)
    return {
        f"{GROUP}_registries.yaml": _crd("Registry", "registries", "reg", registry, _REGISTRY_COLUMNS),
        f"{GROUP}_registrywebhooks.yaml": _crd(
            "RegistryWebhook", "registrywebhooks", "regwh", webhook, _WEBHOOK_COLUMNS
        ),
    }


def _root(model: type[Model], status: type[Model]) -> Schema:
    """The schema of a whole object: Kubernetes knows its metadata, and status has a model of its own."""
    schema = schema_of(model)
    properties = {
        "apiVersion": {"type": "string", "description": "Version of this schema."},
        "kind": {"type": "string", "description": "Kind of the object."},
        "metadata": {"type": "object"},
        "spec": schema["properties"]["spec"],
        "status": schema_of(status),
    }
    schema["required"] = [name for name in schema.get("required", []) if name == "spec"]
    if not schema["required"]:
        del schema["required"]
    return schema | {"properties": properties}


def _crd(kind: str, plural: str, short: str, schema: Schema, columns: list[dict[str, Any]]) -> dict[str, Any]:
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "additionalPrinterColumns": columns,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": schema},
    }
    names = {
        "kind": kind,
        "listKind": f"{kind}List",
        "plural": plural,
        "singular": kind.lower(),
        "shortNames": [short],
        "categories": ["wharfinger"],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {"group": GROUP, "scope": "Namespaced", "names": names, "versions": [version]},
    }
