"""Flux keeps a Registry and a RegistryWebhook: Ready without a fight, rotated by a commit, pruned.

GITOPS_SECONDS says how long it is watched for a fight (`e2e/gitops/team.py`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
import yaml

from e2e import receiver
from e2e.clients import Login, login, port_forward
from e2e.cluster import images
from e2e.cluster.interface import Cluster
from e2e.gitops import flux
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
from e2e.kubectl import Kubectl, Object, eventually
from e2e.pages import DOCS

pytestmark = [pytest.mark.timeout(600 + WATCHED), pytest.mark.programs(*flux.CONTROLLERS)]
NAME = "registries"


@pytest.fixture(scope="module")
def image_name(cluster: Cluster) -> str:
    """The image with Flux's controllers and git."""
    return flux.image(cluster)


@pytest.fixture(scope="module")
def controllers(kubectl: Kubectl, image_name: str) -> Iterator[str]:
    """Flux; its namespace."""
    flux.uninstall(kubectl)
    flux.install(kubectl, image_name)
    yield flux.NAMESPACE
    flux.uninstall(kubectl)


@pytest.fixture(scope="module")
def git(
    kubectl: Kubectl, controllers: str, namespace: str, image_name: str, tmp_path_factory: pytest.TempPathFactory
) -> Repository:
    """The repository, and in it a Registry, a RegistryWebhook and something that is not ours."""
    repository = Repository(kubectl, controllers, tmp_path_factory.mktemp("git") / "team")
    repository.serve(image_name)
    kubectl.apply(*receiver.manifests(namespace, images.REGISTRY_IMAGE))
    repository.push("Ask for a registry", {"registry": wanted(), "webhook": webhook(namespace), "notes": BYSTANDER})
    return repository


@pytest.fixture(scope="module")
def deployed(kubectl: Kubectl, git: Repository, namespace: str) -> str:
    """What the page says to apply, applied, but for the repository's address; the namespace it deploys to."""
    (block,) = re.findall(r"```yaml\n(.*?)```", (DOCS / "how-to" / "flux.md").read_text(), re.DOTALL)
    source, kustomization = yaml.safe_load_all(block)
    source["spec"]["url"] = git.url
    kustomization["spec"]["targetNamespace"] = namespace
    kubectl.apply(source, kustomization)
    flux.reaches(kubectl, NAME, git.head)
    return namespace


@pytest.fixture
def ci(kubectl: Kubectl, deployed: str) -> Iterator[Login]:
    """The registry as its user `ci` reaches it."""
    with port_forward(kubectl, "team", deployed) as host:
        yield login(kubectl, "team", deployed, host, "ci")


def status(kubectl: Kubectl) -> Object:
    found: Object = (kubectl.get("kustomization", NAME, flux.NAMESPACE) or {}).get("status", {})
    return found


def test_it_has_what_git_has_and_is_ready_no_sooner_than_the_operator_says(kubectl: Kubectl, deployed: str) -> None:
    kept = {entry["id"] for entry in status(kubectl)["inventory"]["entries"]}
    assert kept == {
        f"{deployed}_team_wharfinger.dev_Registry",
        f"{deployed}_deploy_wharfinger.dev_RegistryWebhook",
        f"{deployed}_notes__ConfigMap",
    }
    for kind, name in (("registry", "team"), ("regwh", "deploy")):
        assert kubectl.condition(kind, name, deployed, "Ready")["status"] == "True"


def test_nobody_fights(kubectl: Kubectl, deployed: str) -> None:
    before, written = status(kubectl), generations(kubectl, deployed)
    end, looks = time.monotonic() + WATCHED, 0
    flux.look(kubectl, "kustomization", NAME)
    while time.monotonic() < end or status(kubectl).get("lastHandledReconcileAt") == before.get(
        "lastHandledReconcileAt"
    ):
        for kind, name in (("registry", "team"), ("regwh", "deploy")):
            assert kubectl.condition(kind, name, deployed, "Ready")["status"] == "True", (looks, kind)
        looks += 1
        time.sleep(1)
    assert status(kubectl)["inventory"] == before["inventory"]
    assert generations(kubectl, deployed) == written, "somebody wrote a spec"
    print(f"Ready at {looks} looks in {WATCHED:.0f} s")


def test_a_commit_rotates_a_password_and_another_revokes_the_old_one(
    kubectl: Kubectl, git: Repository, deployed: str, ci: Login
) -> None:
    flux.reaches(kubectl, NAME, git.push("Rotate", {"registry": wanted(rotation="2")}))
    require_rotated(kubectl, deployed, ci)
    flux.reaches(kubectl, NAME, git.push("Revoke the old one", {"registry": wanted(rotation="2", revoke="1")}))
    eventually("the old one is refused", lambda: answer(ci, ci.password) == 401)
    assert answer(ci, password(kubectl, deployed)) == 200


def test_a_registry_that_sleeps_as_git_has_it_is_waited_for_no_longer(
    kubectl: Kubectl, git: Repository, deployed: str
) -> None:
    asleep = wanted(rotation="2", revoke="1")
    asleep["spec"]["hibernate"] = True
    flux.reaches(kubectl, NAME, git.push("Let it sleep", {"registry": asleep}))
    assert kubectl.condition("registry", "team", deployed, "Ready")["reason"] == "Hibernated"
    flux.reaches(kubectl, NAME, git.push("Wake it", {"registry": wanted(rotation="2", revoke="1")}))
    assert kubectl.condition("registry", "team", deployed, "Ready")["status"] == "True"


def test_what_git_removes_is_pruned_with_what_it_owned_and_nothing_else(
    kubectl: Kubectl, git: Repository, deployed: str
) -> None:
    before = present(kubectl, deployed)
    flux.reaches(kubectl, NAME, git.push("Tell nobody", {"webhook": None}))
    require_webhook_gone(kubectl, deployed, before)
    flux.reaches(kubectl, NAME, git.push("Ask for none", {"registry": None}))
    require_registry_gone(kubectl, deployed, before)
