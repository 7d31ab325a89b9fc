"""What `kubectl apply -k manifests/base` puts into a cluster that has no nodes: CRDs, RBAC, the ServiceAccount.

Rule: the manifests are read, never copied; the operator gets no other right than those.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import yaml
from e2e.cluster.settings import REPOSITORY

from integration.api import Api, Object, eventually
from integration.control_plane import ControlPlane

SYSTEM = "wharfinger-system"
USER = f"system:serviceaccount:{SYSTEM}:wharfinger"
BASE = REPOSITORY / "manifests" / "base"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_COLLECTIONS = {
    "Namespace": "/api/v1/namespaces",
    "ServiceAccount": f"/api/v1/namespaces/{SYSTEM}/serviceaccounts",
    "ClusterRole": f"{_RBAC}/clusterroles",
    "ClusterRoleBinding": f"{_RBAC}/clusterrolebindings",
    "Role": f"{_RBAC}/namespaces/{SYSTEM}/roles",
    "RoleBinding": f"{_RBAC}/namespaces/{SYSTEM}/rolebindings",
    "CustomResourceDefinition": _CRDS,
}
_TOKEN_SECONDS = 3600 * 24


def manifests() -> list[Object]:
    """All that the kustomization names and an API server alone can hold."""
    named = yaml.safe_load((BASE / "kustomization.yaml").read_text())["resources"]
    files = [path for name in named for path in _files(BASE / name)]
    found = [document for path in files for document in yaml.safe_load_all(path.read_text())]
    return [document for document in found if document and document["kind"] in _COLLECTIONS]


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return [path / name for name in yaml.safe_load((path / "kustomization.yaml").read_text())["resources"]]


async def install(api: Api) -> None:
    """Create it all, and wait until the API server serves our kinds."""
    for manifest in sorted(manifests(), key=lambda m: list(_COLLECTIONS).index(m["kind"])):
        collection, name = _COLLECTIONS[manifest["kind"]], manifest["metadata"]["name"]
        await api.patch(f"{collection}/{name}", manifest, "apply")

    async def served() -> bool:
        for plural in ("registries", "registrywebhooks"):
            await api.list(f"/apis/wharfinger.dev/v1/{plural}")
        return True

    await eventually("our kinds are served", served)


async def kubeconfig(api: Api, plane: ControlPlane, target: Path, account: str = "wharfinger") -> Path:
    """Write the kubeconfig of a ServiceAccount, the operator's as a rule: its token, and where the API server is."""
    path = f"/api/v1/namespaces/{SYSTEM}/serviceaccounts/{account}/token"
    asked = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": _TOKEN_SECONDS},
    }
    token = (await api.create(path, asked))["status"]["token"]
    ca = base64.b64encode((plane.pki / "ca.crt").read_bytes()).decode()
    cluster = {"server": plane.url, "certificate-authority-data": ca}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "here", "cluster": cluster}],
        "users": [{"name": "wharfinger", "user": {"token": token}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "wharfinger"}}],
        "current-context": "here",
    }
    return write_secretly(target, content)


def write_secretly(target: Path, content: Object) -> Path:
    """Write JSON that only its owner can read."""
    target.touch(mode=0o600)
    target.write_text(json.dumps(content))
    return target
