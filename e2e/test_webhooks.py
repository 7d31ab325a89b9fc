"""A push reaches a receiver in the cluster as Distribution's event, and status says so."""

from typing import Any

import pytest

from e2e import receiver
from e2e.clients import Skopeo
from e2e.cluster import images
from e2e.kubectl import Kubectl, eventually
from e2e.resources import webhook_manifest


@pytest.fixture(scope="module")
def hooks(kubectl: Kubectl, namespace: str, registry: str) -> str:
    """A receiver that runs and a RegistryWebhook that names it."""
    kubectl.apply(*receiver.manifests(namespace, images.REGISTRY_IMAGE))
    kubectl("rollout", "status", "deployment/hooks", "-n", namespace, "--timeout=60s")
    url = f"http://hooks.{namespace}.svc/events"
    kubectl.apply(webhook_manifest("deploy", registry, url, tags=["v*"]), namespace=namespace)
    kubectl.wait_condition("registrywebhook/deploy", namespace, "Ready", "True")
    return url


def test_a_push_is_told_and_counted(kubectl: Kubectl, namespace: str, skopeo: Skopeo, image: str, hooks: str) -> None:
    digest = skopeo.push(image, "apps/told:v1")
    skopeo.push(image, "apps/told:latest")

    def told() -> list[dict[str, Any]]:
        return [e for e in receiver.received(kubectl, namespace) if e["target"].get("tag") == "v1"]

    (event, *_) = eventually("the event has arrived", told, timeout=30)
    assert event["action"] == "push"
    assert event["target"]["digest"] == digest
    assert event["target"]["repository"] == "apps/told"
    assert event["actor"]["name"] == "admin"
    assert not [e for e in receiver.received(kubectl, namespace) if e["target"].get("tag") == "latest"]

    def counted() -> bool:
        status = (kubectl.get("registrywebhook", "deploy", namespace) or {})["status"]
        return bool(status["delivered"] >= 1 and status["pending"] == 0 and status["lastSuccess"])

    eventually("status counts it", counted, timeout=60)
    row = kubectl("get", "regwh", "deploy", "-n", namespace, "--no-headers").split()
    assert row[:3] == ["deploy", "team", "True"]


def test_an_endpoint_that_is_away_shows_in_status(kubectl: Kubectl, namespace: str, skopeo: Skopeo, image: str) -> None:
    kubectl.apply(webhook_manifest("away", "team", f"http://nothing.{namespace}.svc/"), namespace=namespace)
    kubectl.wait_condition("registrywebhook/away", namespace, "Ready", "True")
    skopeo.push(image, "apps/told:v2")

    def complains() -> dict[str, object] | None:
        status = (kubectl.get("registrywebhook", "away", namespace) or {}).get("status", {})
        return status if status.get("pending") and status.get("lastError", {}).get("message") else None

    eventually("it says what is wrong and what waits", complains, timeout=60)
    assert kubectl.condition("registrywebhook", "away", namespace, "Delivering")["status"] == "False"
