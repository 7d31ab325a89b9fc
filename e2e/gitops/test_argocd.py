"""Argo CD keeps a Registry and a RegistryWebhook: Synced and Healthy without a fight, rotated by a commit, pruned.

GITOPS_SECONDS says how long it is watched for a fight (`e2e/gitops/team.py`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from e2e import receiver
from e2e.clients import Login, login, port_forward
from e2e.cluster import images
from e2e.cluster.interface import Cluster
from e2e.gitops import argocd
from e2e.gitops.application import Application, operations, state
from e2e.gitops.repository import Repository
from e2e.gitops.team import (
    BYSTANDER,
    WATCHED,
    answer,
    generations,
    password,
    present,
    require_registry_gone,
    require_rotated,
    require_webhook_gone,
    wanted,
    webhook,
)
from e2e.kubectl import Kubectl, eventually, run

pytestmark = [pytest.mark.timeout(900 + WATCHED), pytest.mark.programs("argocd")]
HEALTH_CHECKS = "kubectl apply --server-side --field-manager wharfinger-health -k manifests/argocd"


@pytest.fixture(scope="module")
def image_name(cluster: Cluster) -> str:
    """The image with Argo CD, git and Redis."""
    return argocd.image(cluster)


@pytest.fixture(scope="module")
def argo(kubectl: Kubectl, image_name: str) -> Iterator[str]:
    """Argo CD, taught our health checks by the command of the how-to page."""
    page = (argocd.ROOT / "docs" / "how-to" / "argocd.md").read_text()
    assert f"$ {HEALTH_CHECKS}\n" in page
    argocd.uninstall(kubectl, wait=True)
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


def test_a_commit_rotates_a_password_and_another_revokes_the_old_one(
    kubectl: Kubectl, git: Repository, application: Application, ci: Login
) -> None:
    namespace = application.destination
    application.reaches(git.push("Rotate", {"registry": wanted(rotation="2")}))
    require_rotated(kubectl, namespace, ci)
    application.reaches(git.push("Revoke the old one", {"registry": wanted(rotation="2", revoke="1")}))
    eventually("the old one is refused", lambda: answer(ci, ci.password) == 401)
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
    require_webhook_gone(kubectl, namespace, before)
    application.reaches(git.push("Ask for none", {"registry": None}))
    require_registry_gone(kubectl, namespace, before)
