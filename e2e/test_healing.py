"""Whatever is deleted, edited or killed comes back, and no blob is lost by it."""

import json

import pytest

from e2e.clients import Skopeo, login, port_forward, request
from e2e.kubectl import Kubectl, eventually

CHILDREN = ["deployment/team", "service/team", "serviceaccount/team", "configmap/team-ca", "secret/team-ca",
            "secret/team-tls", "secret/team-htpasswd", "secret/team-config", "secret/team-user-admin",
            "secret/team-pull"]  # fmt: skip
EDITS = {
    "deployment/team": {"spec": {"template": {"spec": {"automountServiceAccountToken": True}}}},
    "service/team": {"spec": {"selector": {"app": "nothing"}}},
    "serviceaccount/team": {"automountServiceAccountToken": True},
    "configmap/team-ca": {"data": {"ca.crt": "rubbish"}},
    "secret/team-ca": {"data": {"tls.key": "cnViYmlzaA=="}},
    "secret/team-tls": {"data": {"tls.crt": "cnViYmlzaA=="}},
    "secret/team-htpasswd": {"data": {"htpasswd": "cnViYmlzaA=="}},
    "secret/team-config": {"data": {"config.yaml": "cnViYmlzaA=="}},
    "secret/team-user-admin": {"data": {"password": ""}},
    "secret/team-pull": {"data": {".dockerconfigjson": "e30="}},
}


def pulls(kubectl: Kubectl, namespace: str, registry: str, repository: str) -> bool:
    """Whether a client that reads the Secrets afresh gets the manifest."""
    with port_forward(kubectl, registry, namespace) as host:
        at = login(kubectl, registry, namespace, host)
        accept = {
            "Accept": "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"
        }
        return request(at, "GET", f"/v2/{repository}/manifests/1", headers=accept).status == 200


@pytest.fixture(scope="module")
def pushed(
    kubectl: Kubectl, namespace: str, registry: str, image: str, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """A repository whose tag `1` is an image."""
    with port_forward(kubectl, registry, namespace) as host:
        client = Skopeo(login(kubectl, registry, namespace, host), tmp_path_factory.mktemp("skopeo"))
        client.login()
        client.push(image, "keep/me:1")
    return "keep/me"


@pytest.mark.parametrize("child", CHILDREN)
def test_a_deleted_child_comes_back(kubectl: Kubectl, namespace: str, registry: str, child: str) -> None:
    kind, name = child.split("/")
    before = kubectl.get(kind, name, namespace)
    assert before is not None
    kubectl("delete", child, "-n", namespace, "--wait=true")

    def returned() -> bool:
        now = kubectl.get(kind, name, namespace)
        return now is not None and now["metadata"]["uid"] != before["metadata"]["uid"]

    eventually(f"{child} is back", returned, timeout=30)
    kubectl.wait_ready(registry, namespace, timeout=90)


@pytest.mark.parametrize("child", EDITS)
def test_an_edited_child_is_put_right(kubectl: Kubectl, namespace: str, registry: str, child: str) -> None:
    kind, name = child.split("/")
    edit = EDITS[child]
    kubectl("patch", child, "-n", namespace, "--type=merge", "-p", json.dumps(edit))

    def put_right() -> bool:
        now = kubectl.get(kind, name, namespace)
        return now is not None and not holds(now, edit)

    eventually(f"{child} is as it should be", put_right, timeout=30)
    kubectl.wait_ready(registry, namespace, timeout=90)


ADDITIONS = {
    "a container": ("deployment/team", {"spec": {"template": {"spec": {"containers": [{"name": "x", "image": "x"}]}}}}),
    "an environment variable": (
        "deployment/team",
        {"spec": {"template": {"spec": {"containers": [{"name": "wharf", "env": [{"name": "X", "value": "1"}]}]}}}},
    ),
    "the host's network": ("deployment/team", {"spec": {"template": {"spec": {"hostNetwork": True}}}}),
    "another strategy": ("deployment/team", {"spec": {"strategy": {"type": "RollingUpdate"}}}),
    "a port": ("service/team", {"spec": {"ports": [{"name": "more", "port": 81}]}}),
    "a key": ("secret/team-htpasswd", {"data": {"more": "eA=="}}),
}


@pytest.mark.parametrize("addition", ADDITIONS)
def test_what_someone_added_to_a_child_goes_again(
    kubectl: Kubectl, namespace: str, registry: str, addition: str
) -> None:
    child, edit = ADDITIONS[addition]
    kind, name = child.split("/")
    before = kubectl.get(kind, name, namespace)
    assert before is not None
    kubectl("patch", child, "-n", namespace, "--type=strategic", "-p", json.dumps(edit))

    def gone() -> bool:
        now = kubectl.get(kind, name, namespace) or {}
        return all(now.get(part) == before.get(part) for part in ("spec", "data"))

    eventually(f"{child} is as it was", gone, timeout=30)
    kubectl.wait_ready(registry, namespace, timeout=90)


@pytest.mark.parametrize("child", ["deployment/team", "configmap/team-ca", "secret/team-htpasswd"])
def test_a_child_that_is_told_to_be_anothers_is_taken_back(
    kubectl: Kubectl, namespace: str, registry: str, child: str
) -> None:
    kind, name = child.split("/")
    kubectl("label", child, "-n", namespace, "wharfinger.dev/registry=another", "--overwrite")

    def ours() -> bool:
        now = kubectl.get(kind, name, namespace) or {}
        return bool(now["metadata"]["labels"]["wharfinger.dev/registry"] == registry)

    eventually(f"{child} has its label back", ours, timeout=30)
    kubectl.wait_ready(registry, namespace, timeout=90)


def holds(found: object, edit: object) -> bool:
    """Whether an object still has what an edit put there."""
    if isinstance(edit, dict):
        return isinstance(found, dict) and all(key in found and holds(found[key], value) for key, value in edit.items())
    return found == edit


def test_everything_works_after_all_that(kubectl: Kubectl, namespace: str, registry: str, pushed: str) -> None:
    eventually("the image can be pulled", lambda: pulls(kubectl, namespace, registry, pushed), timeout=60)


def test_a_killed_registry_pod_comes_back_with_its_blobs(
    kubectl: Kubectl, namespace: str, registry: str, pushed: str
) -> None:
    kubectl(
        "delete", "pod", "-n", namespace, "-l", f"wharfinger.dev/registry={registry}", "--grace-period=0", "--force"
    )
    kubectl.wait_ready(registry, namespace, timeout=90)
    eventually("the image is still there", lambda: pulls(kubectl, namespace, registry, pushed), timeout=60)


def test_a_killed_operator_takes_up_its_work_again(kubectl: Kubectl, namespace: str, registry: str) -> None:
    kubectl("delete", "pod", "-n", "wharfinger-system", "--all", "--grace-period=0", "--force")
    kubectl("delete", "secret", f"{registry}-pull", "-n", namespace)
    eventually("the child is back", lambda: kubectl.get("secret", f"{registry}-pull", namespace), timeout=60)
    kubectl("rollout", "status", "deployment/wharfinger", "-n", "wharfinger-system", "--timeout=60s")
