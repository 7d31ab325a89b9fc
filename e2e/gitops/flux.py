"""Flux for real: its own manifests and programs, on the cluster of `make up`. Rule: of it, only images are changed.

It is the source controller and the kustomize controller, all that a GitRepository and a Kustomization need. Both run
from one image of ours, made from the pinned Go modules, as theirs cannot be pulled everywhere.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import yaml

from e2e.cluster import debian_image
from e2e.cluster.debian_image import SUITE, DebianImage
from e2e.cluster.interface import Cluster
from e2e.cluster.sources import source_of
from e2e.kubectl import Kubectl, Object, eventually
from e2e.programs import program

NAMESPACE = "flux-system"
CONTROLLERS = ("source-controller", "kustomize-controller")
_GROUP = "kustomize.toolkit.fluxcd.io"
_USER = 65534
_ALONE = ("CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding")
"""Kinds of it that do not go with its namespace."""
_REQUESTED = "reconcile.fluxcd.io/requestedAt"


def image(cluster: Cluster) -> str:
    """Make the image and load it; its name. It has git, which the test's repository is served by, too."""
    programs = tuple(program(name) for name in CONTROLLERS)
    wanted = DebianImage(
        f"docker.io/wharfinger/e2e-flux:{SUITE}", ("git", "busybox", "ca-certificates"), programs=programs
    )
    archive = debian_image.ensure(wanted, cluster.settings.cache)
    cluster.load_image(archive)
    return debian_image.name_of(archive)


def install(kubectl: Kubectl, image_name: str) -> None:
    """Install it, as its users do, and wait until it runs."""
    kubectl.namespace(NAMESPACE)
    kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump_all(objects(kubectl, image_name)))
    for name in CONTROLLERS:
        kubectl("rollout", "status", f"deployment/{name}", "-n", NAMESPACE, "--timeout=120s", timeout=150)


def uninstall(kubectl: Kubectl) -> None:
    """Take all of it away: what it keeps while its controllers can still let go of it, then the rest."""
    if kubectl("get", "crd", f"kustomizations.{_GROUP}", "--ignore-not-found").strip():
        kubectl("delete", "kustomizations,gitrepositories", "--all", "-n", NAMESPACE, timeout=150)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    alone = [item for item in objects(kubectl, "none") if item["kind"] in _ALONE]
    text = yaml.safe_dump_all([namespace, *alone])
    kubectl("delete", "--ignore-not-found", "-f", "-", stdin=text, timeout=240)


def objects(kubectl: Kubectl, image_name: str) -> list[Object]:
    """The objects of both controllers, in one namespace and with our image."""
    sources = [source_of("flux", f"github.com/fluxcd/{name}") / "config" for name in CONTROLLERS]
    parts = [source / part for source in sources for part in ("crd", "rbac", "manager")]
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory).resolve()
        resources = [os.path.relpath(part, place) for part in parts]
        (place / "kustomization.yaml").write_text(yaml.safe_dump({"namespace": NAMESPACE, "resources": resources}))
        found: list[Object] = list(yaml.safe_load_all(kubectl("kustomize", str(place))))
    for item in found:
        if item["kind"] == "Deployment":
            _use(item["spec"]["template"]["spec"], item["metadata"]["name"], image_name)
    return found


def _use(pod: dict[str, Any], command: str, image_name: str) -> None:
    pod["securityContext"] |= {"runAsUser": _USER}  # as their own image has it
    (container,) = pod["containers"]
    container |= {"image": image_name, "imagePullPolicy": "Never", "command": [command]}


def look(kubectl: Kubectl, kind: str, name: str) -> None:
    """Have a controller look at an object now, as `flux reconcile` and a git server's webhook do."""
    found = kubectl.get(kind, name, NAMESPACE) or {}
    count = int(found["metadata"].get("annotations", {}).get(_REQUESTED, "0")) + 1
    kubectl("annotate", "--overwrite", kind, name, "-n", NAMESPACE, f"{_REQUESTED}={count}")


def reaches(kubectl: Kubectl, name: str, commit: str) -> Object:
    """Wait until a commit is applied and what it asks for is ready; the Kustomization's status."""
    look(kubectl, "gitrepository", name)

    def there() -> Object:
        status: Object = (kubectl.get("kustomization", name, NAMESPACE) or {}).get("status", {})
        ready = [each for each in status.get("conditions", []) if each["type"] == "Ready"]
        assert status.get("lastAppliedRevision", "").endswith(f":{commit}"), (commit, status)
        assert [each["status"] for each in ready] == ["True"], ready
        return status

    return eventually(f"{name} has applied {commit[:8]} and is Ready", there, timeout=300)
