"""Deleting a Registry removes its children and keeps its claim, with or without an operator; a namesake takes it up."""

from functools import partial

import pytest

from e2e.clients import Skopeo, login, port_forward
from e2e.kubectl import Kubectl, absent, eventually
from e2e.resources import registry_manifest

GONE = ["deployment/{0}", "service/{0}", "serviceaccount/{0}", "configmap/{0}-ca", "secret/{0}-ca", "secret/{0}-tls",
        "secret/{0}-htpasswd", "secret/{0}-config", "secret/{0}-user-admin", "secret/{0}-pull"]  # fmt: skip


def assert_children_go(kubectl: Kubectl, namespace: str, name: str) -> None:
    for pattern in GONE:
        kind, child = pattern.format(name).split("/")
        eventually(f"{kind}/{child} is gone", partial(absent, kubectl, kind, child, namespace))


def test_the_children_go_the_claim_stays_and_a_namesake_takes_it_up(
    kubectl: Kubectl, namespace: str, image: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    kubectl.apply(registry_manifest("team"), namespace=namespace)
    kubectl.wait_ready("team", namespace)
    with port_forward(kubectl, "team", namespace) as host:
        client = Skopeo(login(kubectl, "team", namespace, host), tmp_path_factory.mktemp("first"))
        client.login()
        digest = client.push(image, "keep/me:1")
    claim = kubectl.get("pvc", "team", namespace)
    assert claim is not None
    kubectl("delete", "registry", "team", "-n", namespace, timeout=30)
    assert_children_go(kubectl, namespace, "team")
    kept = kubectl.get("pvc", "team", namespace)
    assert kept is not None
    assert kept["metadata"]["uid"] == claim["metadata"]["uid"]
    assert not kept["metadata"].get("deletionTimestamp")

    kubectl.apply(registry_manifest("team"), namespace=namespace)
    kubectl.wait_ready("team", namespace)
    with port_forward(kubectl, "team", namespace) as host:
        directory = tmp_path_factory.mktemp("second")
        again = Skopeo(login(kubectl, "team", namespace, host), directory)
        again.login()
        again.pull(f"keep/me@{digest}", f"dir:{directory}/pulled")


def test_with_on_delete_delete_the_claim_goes_too(kubectl: Kubectl, namespace: str) -> None:
    kubectl.apply(registry_manifest("brief", storage={"size": "1Gi", "onDelete": "Delete"}), namespace=namespace)
    kubectl.wait_ready("brief", namespace)
    kubectl("delete", "registry", "brief", "-n", namespace, timeout=30)
    eventually("the claim is gone", lambda: kubectl.get("pvc", "brief", namespace) is None)


def test_without_an_operator_a_registry_still_deletes(
    kubectl: Kubectl, namespace: str, request: pytest.FixtureRequest
) -> None:
    kubectl.apply(registry_manifest("orphan"), namespace=namespace)
    kubectl.wait_ready("orphan", namespace)
    request.getfixturevalue("no_operator")
    kubectl("delete", "registry", "orphan", "-n", namespace, timeout=30)
    assert_children_go(kubectl, namespace, "orphan")
    assert kubectl.get("pvc", "orphan", namespace) is not None
