"""A registry that was backed up, and then lost with all its Secrets, comes back by the commands of the how-to."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.clients import Login, Skopeo, login, port_forward
from e2e.cluster.interface import Cluster
from e2e.kubectl import Kubectl, Object, eventually
from e2e.pages import DOCS, Reader, section
from e2e.resources import webhook_manifest

pytestmark = pytest.mark.timeout(600)  # a namespace goes and comes meanwhile
PAGE = DOCS / "how-to" / "backup.md"


def test_after_everything_is_lost_the_same_password_pulls_the_same_digest_under_the_same_ca(
    cluster: Cluster, kubectl: Kubectl, namespace: str, registry: str, image: str, tmp_path: Path
) -> None:
    kubectl.apply(webhook_manifest("deploy", registry, f"http://hooks.{namespace}.svc/"), namespace=namespace)
    kubectl.wait_condition("registrywebhook/deploy", namespace, "Ready", "True")
    with port_forward(kubectl, registry, namespace) as host:
        at = login(kubectl, registry, namespace, host)
        digest = connected(at, tmp_path / "before").push(image, "keep/me:1")
    signing = secret(kubectl, "deploy-signing", namespace)
    pull = secret(kubectl, "team-pull", namespace)
    reader = Reader.at(cluster, kubectl, namespace, tmp_path)
    reader.types(section(PAGE, "Back up"))

    kubectl("delete", "namespace", namespace, "--wait", timeout=180)
    eventually("its volume is gone", lambda: namespace not in kubectl("get", "pv"))
    kubectl.namespace(namespace)
    reader.types(section(PAGE, "Restore"))

    with port_forward(kubectl, registry, namespace) as host:
        client = connected(Login(host, at.ca, at.user, at.password), tmp_path / "after")
        client.pull(f"keep/me@{digest}", f"dir:{tmp_path}/pulled")
        assert client.tags("keep/me") == ["1"]
        client.push(image, "keep/me:2")
    assert secret(kubectl, "deploy-signing", namespace) == signing
    assert secret(kubectl, "team-pull", namespace) == pull
    kubectl.wait_condition("registrywebhook/deploy", namespace, "Ready", "True")
    owned = kubectl.get("secret", "team-ca", namespace) or {}
    assert owned["metadata"]["ownerReferences"], "what came back belongs to the Registry again"


def connected(at: Login, directory: Path) -> Skopeo:
    client = Skopeo(at, directory)
    client.login()
    return client


def secret(kubectl: Kubectl, name: str, namespace: str) -> Object:
    """What is in a Secret."""
    found: Object = (kubectl.get("secret", name, namespace) or {})["data"]
    return found
