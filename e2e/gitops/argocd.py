"""Argo CD for real: its own manifests and programs, on the cluster of `make up`. Rule: of it, only images are changed.

It is what Argo CD calls its core: the application controller, the repo server and Redis. They run from one image of
ours, made from the pinned Go module and Debian's packages, as its own cannot be pulled everywhere.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import yaml

from e2e.cluster import debian_image
from e2e.cluster.debian_image import SUITE, DebianImage
from e2e.cluster.interface import Cluster
from e2e.cluster.sources import source_of
from e2e.cluster.tools import Tools
from e2e.kubectl import Kubectl, Object, eventually

ROOT = Path(__file__).resolve().parents[2]
MODULE = "github.com/argoproj/argo-cd/v3"
NAMESPACE = "argocd"
CONTROLLER, REPO_SERVER, REDIS = "argocd-application-controller", "argocd-repo-server", "argocd-redis"
WORKLOADS = (f"statefulset/{CONTROLLER}", f"deployment/{REPO_SERVER}", f"deployment/{REDIS}")
_USER = 999
_LEFT_OUT = "argocd-applicationset-controller"
_ALONE = ("CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding")
"""Kinds of it that do not go with its namespace."""


def image(cluster: Cluster) -> str:
    """Make the image and load it; its name. It has git, which the test's repository is served by, too."""
    tools = Tools(cluster.settings.cache)
    tools.ensure(["argocd"])
    wanted = DebianImage(
        f"docker.io/wharfinger/e2e-argocd:{SUITE}",
        ("git", "busybox", "redis-server", "ca-certificates"),
        programs=(tools.path("argocd"),),
        links={CONTROLLER: "argocd", REPO_SERVER: "argocd"},
    )
    archive = debian_image.ensure(wanted, cluster.settings.cache)
    cluster.load_image(archive)
    return debian_image.name_of(archive)


def install(kubectl: Kubectl, image_name: str) -> None:
    """Install it, as its users do, and wait until it runs."""
    kubectl.namespace(NAMESPACE)
    kubectl("apply", "--server-side", "-n", NAMESPACE, "-f", "-", stdin=yaml.safe_dump_all(core(image_name)))
    eventually("its kinds are served", lambda: kubectl.apply(_project(), namespace=NAMESPACE))
    for workload in WORKLOADS:
        kubectl("rollout", "status", workload, "-n", NAMESPACE, "--timeout=120s", timeout=150)


def uninstall(kubectl: Kubectl, *, wait: bool = False) -> None:
    """Take all of it away, by one command; what it deployed stays."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    alone = [item for item in core("none") if item["kind"] in _ALONE]
    text = yaml.safe_dump_all([namespace, *alone])
    kubectl("delete", "--ignore-not-found", f"--wait={wait}".lower(), "-f", "-", stdin=text, timeout=240)


def core(image_name: str) -> list[Object]:
    """The objects of Argo CD's core, with our image, and the Secret that its command line would make."""
    text = (source_of("argocd", MODULE) / "manifests" / "core-install.yaml").read_text()
    found = [item for item in yaml.safe_load_all(text) if not item["metadata"]["name"].startswith(_LEFT_OUT)]
    for item in found:
        if item["kind"] in ("Deployment", "StatefulSet"):
            _use(item["spec"]["template"]["spec"], image_name)
        if item["metadata"]["name"] == "argocd-cmd-params-cm":
            item["data"] = {"controller.resource.health.persist": "true"}  # so that a test can read it
        if item["metadata"]["name"] == "argocd-secret":
            # its API server would make it; without it the controller takes up no change of argocd-cm
            item["stringData"] = {"server.secretkey": secrets.token_hex(16)}
    return [*found, _redis_password()]


def _use(pod: dict[str, Any], image_name: str) -> None:
    pod["securityContext"] = {**pod.get("securityContext", {}), "runAsUser": _USER}
    # what makes Redis's password is a part of Argo CD's command line, which is not built
    pod["initContainers"] = [item for item in pod.get("initContainers", []) if item["name"] != "secret-init"]
    for container in [*pod["initContainers"], *pod["containers"]]:
        container |= {"image": image_name, "imagePullPolicy": "Never"}
        container.setdefault("env", []).append({"name": "ARGOCD_GPG_ENABLED", "value": "false"})  # none is built in
        if container["name"] == "redis":
            container["command"] = ["redis-server"]


def _redis_password() -> Object:
    metadata = {"name": "argocd-redis"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"auth": secrets.token_hex(16)}}


def _project() -> Object:
    anywhere: dict[str, Any] = {
        "sourceRepos": ["*"],
        "destinations": [{"namespace": "*", "server": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    }
    metadata = {"name": "default"}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": metadata, "spec": anywhere}
