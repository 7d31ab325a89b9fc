"""Argo CD keeps a Registry and a RegistryWebhook: Synced and Healthy without a fight, rotated by a commit, pruned.

GITOPS_SECONDS says how long it is watched for a fight (60; a release is watched for 600).
"""

from __future__ import annotations

import base64
import os
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from e2e import receiver
from e2e.clients import Login, login, port_forward, request
from e2e.cluster import images
from e2e.cluster.interface import Cluster
from e2e.gitops import argocd
from e2e.gitops.application import Application, operations, state
from e2e.gitops.repository import Repository
from e2e.kubectl import Kubectl, Object, eventually, run
from e2e.resources import registry_manifest, webhook_manifest

WATCHED = float(os.environ.get("GITOPS_SECONDS", "60"))
pytestmark = pytest.mark.timeout(900 + WATCHED)  # the first of them builds Argo CD
HEALTH_CHECKS = "kubectl apply --server-side --field-manager wharfinger-health -k manifests/argocd"
BYSTANDER = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "notes"}, "data": {"kept-by": "git"}}
PASSING = "Event|EndpointSlice|Endpoints|Pod|ReplicaSet|Lease"
"""Kinds that come and go by themselves."""


@pytest.fixture(scope="module")
def image_name(cluster: Cluster) -> str:
    """The image with Argo CD, git and Redis."""
    return argocd.image(cluster)


@pytest.fixture(scope="module")
def argo(kubectl: Kubectl, image_name: str) -> Iterator[str]:
    """Argo CD, taught our health checks by the command of the how-to page."""
    page = (argocd.ROOT / "docs" / "how-to" / "argocd.md").read_text()
    assert f"$ {HEALTH_CHECKS}\n" in page
    argocd.uninstall(kubectl)
    argocd.install(kubectl, image_name)
    program, *arguments = HEALTH_CHECKS.split()
    assert program == "kubectl"
    run([kubectl.program, "--kubeconfig", kubectl.kubeconfig, *arguments[:-1], str(argocd.ROOT / arguments[-1])])
    yield argocd.NAMESPACE
    argocd.uninstall(kubectl)


@pytest.fixture(scope="module")
def git(
    kubectl: Kubectl, argo: str, namespace: str, image_name: str, tmp_path_factory: pytest.TempPathFactory
) -> Repository:
    """The repository, and in it a Registry, a RegistryWebhook and something that is not ours."""
    repository = Repository(kubectl, argo, tmp_path_factory.mktemp("git") / "team")
    repository.serve(image_name)
    kubectl.apply(*receiver.manifests(namespace, images.REGISTRY_IMAGE))
    repository.push("Ask for a registry", {"registry": wanted(), "webhook": webhook(namespace), "notes": BYSTANDER})
    return repository


@pytest.fixture(scope="module")
def application(kubectl: Kubectl, git: Repository, namespace: str) -> Application:
    """The Application, deployed."""
    found = Application(kubectl, "team", namespace)
    found.deploy(git.url)
    found.reaches(git.head)
    return found


@pytest.fixture
def ci(kubectl: Kubectl, application: Application) -> Iterator[Login]:
    """The registry as its user `ci` reaches it."""
    with port_forward(kubectl, "team", application.destination) as host:
        yield login(kubectl, "team", application.destination, host, "ci")


def wanted(**user: str) -> Object:
    """The Registry in git."""
    auth = {"rotationOverlap": "1h", "users": [{"name": "ci", "rotation": "1", **user}]}
    return registry_manifest("team", auth=auth, storage={"size": "1024Mi"}, pod={"resources": {"limits": {"cpu": 1}}})


def webhook(namespace: str, **spec: Any) -> Object:
    """The RegistryWebhook in git."""
    return webhook_manifest("deploy", "team", f"http://hooks.{namespace}.svc/events", timeout="5000ms", **spec)


def password(kubectl: Kubectl, namespace: str) -> str:
    secret = kubectl.get("secret", "team-user-ci", namespace) or {}
    return base64.b64decode(secret["data"]["password"]).decode()


def answer(at: Login, secret: str) -> int:
    return request(replace(at, password=secret), "GET", "/v2/").status


def present(kubectl: Kubectl, namespace: str) -> dict[str, str]:
    """`Kind/name` -> uid of all that is in a namespace and does not come and go by itself."""
    kinds = kubectl("api-resources", "--verbs=list", "--namespaced", "-o", "name").split()
    text = "jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.uid}{'\\n'}{end}"
    rows = kubectl("get", ",".join(kinds), "-n", namespace, "-o", text).splitlines()
    return dict(row.split() for row in rows if not re.match(f"({PASSING})/", row))


def test_it_has_what_git_has_and_the_health_that_the_operator_tells(kubectl: Kubectl, application: Application) -> None:
    resources = {(item["kind"], item["name"]) for item in application.status()["resources"]}
    assert resources == {("Registry", "team"), ("RegistryWebhook", "deploy"), ("ConfigMap", "notes")}
    for kind, name in (("Registry", "team"), ("RegistryWebhook", "deploy")):
        told = kubectl.condition(kind, name, application.destination, "Ready")["message"]
        health = application.health(kind, name)
        assert (health["status"], health["message"]) == ("Healthy", told)


def test_nobody_fights(kubectl: Kubectl, application: Application) -> None:
    before = application.status()
    written = generations(kubectl, application.destination)
    application.look("hard")
    end = time.monotonic() + WATCHED
    looks = 0
    while time.monotonic() < end or application.status()["reconciledAt"] == before["reconciledAt"]:
        status = application.status()
        assert state(status) == ("Synced", "Healthy"), (looks, status)
        looks += 1
        time.sleep(1)
    assert operations(application.status()) == operations(before), "Argo CD wrote again"
    assert generations(kubectl, application.destination) == written, "somebody wrote a spec"
    print(f"Synced and Healthy at {looks} looks in {WATCHED:.0f} s")


def generations(kubectl: Kubectl, namespace: str) -> dict[str, int]:
    """How often each spec has been written."""
    objects = {
        name: kubectl.get(kind, name, namespace) or {} for kind, name in (("registry", "team"), ("regwh", "deploy"))
    }
    return {name: item["metadata"]["generation"] for name, item in objects.items()}


def test_a_commit_rotates_a_password_and_another_revokes_the_old_one(
    kubectl: Kubectl, git: Repository, application: Application, ci: Login
) -> None:
    namespace, old = application.destination, ci.password
    application.reaches(git.push("Rotate", {"registry": wanted(rotation="2")}))
    new = eventually(
        "the Secret has another password", lambda: next((p for p in [password(kubectl, namespace)] if p != old), None)
    )
    eventually("the new password logs in", lambda: answer(ci, new) == 200)
    told = (kubectl.get("registry", "team", namespace) or {})["status"]["users"]
    (until,) = [user["previousValidUntil"] for user in told if user["name"] == "ci"]
    rotated = next(user["rotatedAt"] for user in told if user["name"] == "ci")
    assert 3500 <= (datetime.fromisoformat(until) - datetime.fromisoformat(rotated)).total_seconds() <= 3700
    assert answer(ci, old) == 200, "the overlap is an hour"
    application.reaches(git.push("Revoke the old one", {"registry": wanted(rotation="2", revoke="1")}))
    eventually("the old one is refused", lambda: answer(ci, old) == 401)
    assert answer(ci, password(kubectl, namespace)) == 200


def test_a_commit_suspends_a_webhook_and_another_resumes_it(git: Repository, application: Application) -> None:
    namespace = application.destination
    application.reaches(git.push("Hold it", {"webhook": webhook(namespace, suspend=True)}), "Suspended")
    assert application.health("RegistryWebhook", "deploy")["status"] == "Suspended"
    application.reaches(git.push("Let it go", {"webhook": webhook(namespace)}))


def test_what_git_removes_is_pruned_with_what_it_owned_and_nothing_else(
    kubectl: Kubectl, git: Repository, application: Application
) -> None:
    namespace = application.destination
    before = present(kubectl, namespace)
    application.reaches(git.push("Tell nobody", {"webhook": None}))
    gone = {"RegistryWebhook/deploy", "Secret/deploy-signing"}
    eventually("both are gone", lambda: not gone & set(present(kubectl, namespace)))
    left = present(kubectl, namespace)
    assert left == {key: uid for key, uid in before.items() if key not in gone}
    assert kubectl.condition("registry", "team", namespace, "Ready")["status"] == "True"

    application.reaches(git.push("Ask for none", {"registry": None}))
    eventually(
        "it is gone", lambda: not [key for key in present(kubectl, namespace) if key.startswith("Deployment/team")]
    )
    kept = present(kubectl, namespace)
    for key in ("PersistentVolumeClaim/team", "ConfigMap/notes", "Deployment/hooks", "Service/hooks"):
        assert kept[key] == before[key], f"{key} is another"
