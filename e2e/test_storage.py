"""What the volume goes through: it cannot grow, is too full for pushes, sleeps, and held a registry:2 before."""

import json
from pathlib import Path
from typing import Any

import pytest

from e2e.clients import Login, Skopeo, login, port_forward, request
from e2e.cluster.interface import Cluster
from e2e.kubectl import Kubectl, eventually
from e2e.pages import DOCS, ROOT, Reader, commands, section
from e2e.resources import registry_manifest

# a volume as registry:2 leaves it, with one image whose layer is nothing
LEFT_BEHIND = """
import hashlib, json, os
root = "/data/docker/registry/v2"
def put(content):
    digits = hashlib.sha256(content).hexdigest()
    os.makedirs(f"{root}/blobs/sha256/{digits[:2]}/{digits}")
    open(f"{root}/blobs/sha256/{digits[:2]}/{digits}/data", "wb").write(content)
    return {"digest": f"sha256:{digits}", "size": len(content)}
def link(path, digest):
    os.makedirs(f"{root}/repositories/team/app/{path}")
    open(f"{root}/repositories/team/app/{path}/link", "w").write(digest)
config = put(b"{}")
image = "application/vnd.oci.image."
body = {"schemaVersion": 2, "mediaType": image + "manifest.v1+json",
        "config": {"mediaType": image + "config.v1+json", **config}, "layers": []}
made = put(json.dumps(body).encode())
digits = made["digest"].partition(":")[2]
link(f"_layers/sha256/{config['digest'].partition(':')[2]}", config["digest"])
link(f"_manifests/revisions/sha256/{digits}", made["digest"])
link("_manifests/tags/v1/current", made["digest"])
"""


def edit(kubectl: Kubectl, namespace: str, name: str = "team", **spec: Any) -> None:
    kubectl("patch", "registry", name, "-n", namespace, "--type=merge", "-p", json.dumps({"spec": spec}))


def condition(kubectl: Kubectl, namespace: str, kind: str, reason: str) -> dict[str, Any]:
    """Wait until a condition has this reason; the condition."""

    def probe() -> dict[str, Any] | None:
        found = kubectl.condition("registry", "team", namespace, kind)
        assert found["reason"] == reason, found
        return found

    return eventually(f"{kind} has reason {reason}", probe, timeout=60)


def test_what_the_docs_say_to_run_in_the_pod_runs_there(
    kubectl: Kubectl, namespace: str, skopeo: Skopeo, image: str
) -> None:
    digest = skopeo.push(image, "looked/at:1")
    pages = (ROOT / "README.md", DOCS / "how-to/free-space.md", DOCS / "how-to/verify.md")
    asked = "kubectl exec deployment/team -- wharf "
    typed = [line.partition(" #")[0] for page in pages for line in commands(page.read_text()) if line.startswith(asked)]
    assert {line.removeprefix(asked).split()[0] for line in typed} == {"gc", "verify"}
    for line in typed:
        said = kubectl("exec", "deployment/team", "-n", namespace, "--", *line.partition(" -- ")[2].split())
        assert digest in said or "--dry-run" not in line


def test_a_reader_who_asks_for_a_sweep_over_http_gets_one(
    cluster: Cluster, kubectl: Kubectl, namespace: str, registry: str, tmp_path: Path
) -> None:
    reader = Reader.at(cluster, kubectl, namespace, tmp_path)
    look = section(DOCS / "how-to/monitoring.md", "By hand")
    asked = reader.types([*look, *section(DOCS / "how-to/free-space.md", "Ask for a sweep over HTTP")])
    begun = json.loads(asked.splitlines()[-1])["begun"]
    status = look[-1].replace("/metrics", "/status")
    assert status != look[-1]

    def swept() -> dict[str, Any]:
        told: dict[str, Any] = json.loads(reader.types([*look[:-1], status]).splitlines()[-1])["garbageCollection"]
        assert told["lastRun"] == begun
        return told

    assert eventually(f"{registry} has swept", swept)["error"] == ""


def test_a_class_that_does_not_let_claims_grow_is_named_with_the_way_out(
    kubectl: Kubectl, namespace: str, registry: str
) -> None:
    edit(kubectl, namespace, storage={"size": "11Gi"})
    found = condition(kubectl, namespace, "StorageReady", "ExpansionRefused")
    assert "kubectl patch storageclass" in found["message"]
    assert "allowVolumeExpansion" in kubectl("describe", "registry", registry, "-n", namespace)
    edit(kubectl, namespace, storage={"size": "10Gi"})
    kubectl.wait_condition(f"registry/{registry}", namespace, "Ready", "True")


def test_a_volume_that_is_too_full_takes_no_push_and_still_deletes(
    kubectl: Kubectl, namespace: str, skopeo: Skopeo, at: Login, image: str
) -> None:
    digest = skopeo.push(image, "full/before:1")
    edit(kubectl, namespace, storage={"readOnlyAbove": 1})
    found = condition(kubectl, namespace, "StorageReady", "ReadOnly")
    assert "pulls and deletions go on" in found["message"]
    assert request(at, "POST", "/v2/full/more/blobs/uploads/").status == 507
    assert request(at, "DELETE", f"/v2/full/before/manifests/{digest}").status == 202
    edit(kubectl, namespace, storage={"readOnlyAbove": None})
    eventually("pushes work again", lambda: request(at, "POST", "/v2/full/more/blobs/uploads/").status == 202)


def test_a_registry_sleeps_and_wakes_with_all_that_it_had(
    kubectl: Kubectl, namespace: str, registry: str, image: str, skopeo: Skopeo
) -> None:
    digest = skopeo.push(image, "sleeping/image:1")
    edit(kubectl, namespace, hibernate=True)
    condition(kubectl, namespace, "Ready", "Hibernated")
    eventually("nothing runs", lambda: not kubectl.list("pods", namespace, f"wharfinger.dev/registry={registry}"))
    edit(kubectl, namespace, hibernate=False)
    kubectl.wait_condition(f"registry/{registry}", namespace, "Ready", "True", timeout=90)
    with port_forward(kubectl, registry, namespace) as host:
        found = request(login(kubectl, registry, namespace, host), "HEAD", "/v2/sleeping/image/manifests/1",
                        headers={"Accept": "*/*"})  # fmt: skip
    assert found.headers["docker-content-digest"] == digest


@pytest.fixture
def old_claim(kubectl: Kubectl, namespace: str, registry: str) -> str:
    """A claim with what a registry:2 left on it."""
    pods = kubectl.list("pods", namespace, f"wharfinger.dev/registry={registry}")
    claim = {
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "old"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }  # fmt: skip
    container = {
        "name": "fill", "image": pods[0]["spec"]["containers"][0]["image"], "command": ["python3", "-c", LEFT_BEHIND],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }  # fmt: skip
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "old"}}
    spec = {"restartPolicy": "Never", "containers": [container], "volumes": [volume]}
    kubectl.apply(claim, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "fill"}, "spec": spec},
                  namespace=namespace)  # fmt: skip
    kubectl("wait", "pod/fill", "-n", namespace, "--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s")
    return "old"


def test_what_a_registry_2_left_on_a_claim_is_taken_over(kubectl: Kubectl, namespace: str, old_claim: str) -> None:
    storage = {"existingClaim": old_claim, "importFrom": "Distribution"}
    kubectl.apply(registry_manifest("moved", storage=storage), namespace=namespace)
    kubectl.wait_ready("moved", namespace, timeout=90)
    status = (kubectl.get("registry", "moved", namespace) or {})["status"]
    assert status["storage"]["imported"].startswith("imported 1 repository: 1 manifest, 1 tag")
    with port_forward(kubectl, "moved", namespace) as host:
        at = login(kubectl, "moved", namespace, host)
        assert request(at, "GET", "/v2/team/app/manifests/v1", headers={"Accept": "*/*"}).status == 200
    kubectl("delete", "registry", "moved", "-n", namespace)
    assert kubectl.get("pvc", old_claim, namespace) is not None
