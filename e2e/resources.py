"""The objects that tests and the road apply, as plain dictionaries. No I/O here."""

from __future__ import annotations

from typing import Any

API_VERSION = "wharfinger.dev/v1"


def registry_manifest(name: str, **spec: Any) -> dict[str, Any]:
    """A Registry."""
    return {"apiVersion": API_VERSION, "kind": "Registry", "metadata": {"name": name}, "spec": spec}


def webhook_manifest(name: str, registry: str, url: str, **spec: Any) -> dict[str, Any]:
    """A RegistryWebhook; plain http is allowed, as the receivers of the tests speak it."""
    body = {"registryRef": {"name": registry}, "url": url, "insecure": url.startswith("http:"), **spec}
    return {"apiVersion": API_VERSION, "kind": "RegistryWebhook", "metadata": {"name": name}, "spec": body}


def pod_manifest(name: str, image: str, pull_secret: str, command: list[str]) -> dict[str, Any]:
    """A pod that always pulls its image, with a pull Secret."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 1,
            "automountServiceAccountToken": False,
            "imagePullSecrets": [{"name": pull_secret}] if pull_secret else [],
            "containers": [{"name": "main", "image": image, "imagePullPolicy": "Always", "command": command}],
        },
    }
