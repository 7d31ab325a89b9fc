"""The main job, on the cluster of `make up`: from nothing to a pod that runs an image which its registry serves.

Rule: each step first looks whether it is done, so that a second run changes nothing; what it prints at the end is what
a user would want to know next.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e import receiver
from e2e.clients import Login, Skopeo, login, port_forward, request
from e2e.cluster import images
from e2e.cluster.choice import open_cluster
from e2e.cluster.errors import ClusterError
from e2e.cluster.interface import Cluster
from e2e.cluster.progress import step
from e2e.kubectl import CommandError, Kubectl, eventually
from e2e.resources import pod_manifest, registry_manifest, webhook_manifest
from e2e.sample import ensure_clients, sample_image

ROOT = Path(__file__).resolve().parents[1]
NAMESPACE = "wharfinger-demo"
REGISTRY = "team"
REPOSITORY = "apps/hello"
TAG = "1"
MANIFEST_TYPES = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"


@dataclass(frozen=True)
class Story:
    """What the summary tells."""

    url: str
    digest: str
    output: str
    event: dict[str, Any]
    delivered: int


def install_operator(kubectl: Kubectl, cluster: Cluster) -> None:
    """Apply manifests/base, and restart what runs on an image that is no longer the one built from this tree."""
    built = images.ensure(cluster)
    kubectl("apply", "--server-side", "--force-conflicts", "-k", str(ROOT / "manifests" / "base"))
    kubectl(
        "wait", "--for=condition=Established", "crd/registries.wharfinger.dev", "crd/registrywebhooks.wharfinger.dev"
    )
    roll_out(kubectl, "wharfinger-system", "wharfinger", built.operator)
    for deployment in kubectl.list("deployments", "", "app.kubernetes.io/name=wharf"):
        metadata = deployment["metadata"]
        roll_out(kubectl, metadata["namespace"], metadata["name"], built.registry)


def roll_out(kubectl: Kubectl, namespace: str, name: str, image_id: str) -> None:
    """Restart a Deployment unless it already runs on this build of its image; wait until it has."""
    deployment = kubectl.get("deployment", name, namespace) or {}
    mark = "e2e.wharfinger.dev/image"
    template = deployment["spec"]["template"]["metadata"].get("annotations", {})
    if template.get(mark) != image_id:
        patch = f'{{"spec":{{"template":{{"metadata":{{"annotations":{{"{mark}":"{image_id}"}}}}}}}}}}'
        kubectl("patch", f"deployment/{name}", "-n", namespace, "--type=merge", "-p", patch)
    try:
        kubectl("rollout", "status", f"deployment/{name}", "-n", namespace, "--timeout=120s", timeout=150)
    except CommandError as error:
        pods = kubectl("get", "pods", "-n", namespace, "-o", "wide")
        log = kubectl("logs", f"deployment/{name}", "-n", namespace, "--tail=20", "--all-containers")
        raise AssertionError(f"{error}\n{pods}\n{log}") from error


def apply_resources(kubectl: Kubectl) -> str:
    """The Registry, a receiver and the RegistryWebhook, ready; the registry's URL."""
    kubectl.namespace(NAMESPACE)
    kubectl.apply(registry_manifest(REGISTRY), namespace=NAMESPACE)
    kubectl.wait_ready(REGISTRY, NAMESPACE, timeout=120)
    kubectl.apply(*receiver.manifests(NAMESPACE, images.REGISTRY_IMAGE))
    kubectl("rollout", "status", "deployment/hooks", "-n", NAMESPACE, "--timeout=60s")
    kubectl.apply(webhook_manifest("hooks", REGISTRY, f"http://hooks.{NAMESPACE}.svc/events"), namespace=NAMESPACE)
    kubectl.wait_condition("registrywebhook/hooks", NAMESPACE, "Ready", "True")
    found = kubectl.get("registry", REGISTRY, NAMESPACE) or {}
    return str(found["status"]["url"])


def present_digest(at: Login) -> str:
    """The digest that the tag has now; empty when there is none."""
    answer = request(at, "HEAD", f"/v2/{REPOSITORY}/manifests/{TAG}", headers={"Accept": MANIFEST_TYPES})
    return answer.headers["docker-content-digest"] if answer.status == 200 else ""


def push(kubectl: Kubectl, at: Login, directory: Path) -> tuple[str, dict[str, Any]]:
    """Push the image unless it is there and was told of; its digest and the event."""
    digest = present_digest(at)
    event = told(kubectl, digest)
    if not digest or not event:
        client = Skopeo(at, directory)
        client.login()
        digest = client.push(f"docker-archive:{sample_image(directory / 'hello.tar')}", f"{REPOSITORY}:{TAG}")
        event = eventually("the webhook's event has arrived", lambda: told(kubectl, digest), timeout=60)
    assert event is not None
    return digest, event


def told(kubectl: Kubectl, digest: str) -> dict[str, Any] | None:
    """The newest push event of this digest that the receiver has."""
    events = (e for e in receiver.received(kubectl, NAMESPACE) if e["action"] == "push")
    return next((e for e in reversed(list(events)) if e["target"].get("digest") == digest), None)


def run_pod(kubectl: Kubectl, cluster: Cluster, at: Login, digest: str) -> str:
    """Run a pod from the pushed image through the node's containerd, unless it has run; what it printed."""
    service = kubectl.get("service", REGISTRY, NAMESPACE) or {}
    host = f"{REGISTRY}.{NAMESPACE}.svc"
    cluster.trust_registry(host, at.ca, service["spec"]["clusterIP"])
    image = f"{host}/{REPOSITORY}@{digest}"
    old = kubectl.get("pod", "hello", NAMESPACE)
    if old and (old["spec"]["containers"][0]["image"] != image or old["status"].get("phase") != "Succeeded"):
        kubectl("delete", "pod", "hello", "-n", NAMESPACE, "--wait")
    manifest = pod_manifest("hello", image, f"{REGISTRY}-pull", [])
    if not kubectl.get("pod", "hello", NAMESPACE):
        kubectl.apply(manifest, namespace=NAMESPACE)

    def done() -> bool:
        pod = kubectl.get("pod", "hello", NAMESPACE) or {}
        assert pod.get("status", {}).get("phase") == "Succeeded", pod.get("status", {}).get("containerStatuses")
        return True

    eventually("the pod has pulled its image and run", done, timeout=120)
    return kubectl("logs", "hello", "-n", NAMESPACE).strip()


@contextmanager
def reached(kubectl: Kubectl) -> Iterator[Login]:
    """The registry from this machine, by port-forward, with what its Secrets say."""
    with port_forward(kubectl, REGISTRY, NAMESPACE) as host:
        yield login(kubectl, REGISTRY, NAMESPACE, host)


def summary(cluster: Cluster, story: Story) -> str:
    """What `make up` prints in the end."""
    target, secret = story.event["target"], f"{REGISTRY}-user-admin"
    return f"""
The road is open.
  cluster   eval "$(.venv/bin/python -m e2e.cluster env)"      (KUBECONFIG and kubectl)
  registry  {story.url}   (kubectl get registry {REGISTRY} -n {NAMESPACE})
  log in    kubectl port-forward -n {NAMESPACE} service/{REGISTRY} 5443:443 &
            kubectl get configmap {REGISTRY}-ca -n {NAMESPACE} -o jsonpath='{{.data.ca\\.crt}}' > ca.crt
            kubectl get secret {secret} -n {NAMESPACE} -o jsonpath='{{.data.password}}' | base64 -d |
              skopeo login --cert-dir . -u admin --password-stdin localhost:5443
  pushed    {REPOSITORY}:{TAG}  {story.digest}
  pod       hello ran from it: {story.output!r}
  webhook   {story.event["action"]} of {target["repository"]}:{target.get("tag", "")} at {story.event["timestamp"]}
            by {story.event["actor"]["name"]}; {story.delivered} delivered in all
"""


def trust(kubectl: Kubectl, cluster: Cluster, namespace: str, registry: str) -> None:
    """Let the node pull from a Registry by its Service's name."""
    service, ca = kubectl.get("service", registry, namespace), kubectl.get("configmap", f"{registry}-ca", namespace)
    if service is None or ca is None:
        raise ClusterError(f"no Registry {namespace}/{registry} that is Ready: kubectl get registries -A")
    cluster.trust_registry(f"{registry}.{namespace}.svc", ca["data"]["ca.crt"], service["spec"]["clusterIP"])


def main(arguments: list[str] | None = None) -> int:
    """Command line: walk the road, or one of the two steps that a reader of the tutorial needs."""
    parser = argparse.ArgumentParser(prog="python -m e2e.road", description=__doc__)
    steps = parser.add_subparsers(dest="step")
    steps.add_parser("trust", help="let the node pull from a Registry").add_argument("registry", help="NAMESPACE/NAME")
    steps.add_parser("image", help="write the sample image").add_argument("file", type=Path, help="docker archive")
    options = parser.parse_args(arguments)
    try:
        cluster = open_cluster()
        kubectl = Kubectl(str(cluster.kubectl), str(cluster.kubeconfig))
        if options.step == "trust":
            namespace, _, name = options.registry.rpartition("/")
            trust(kubectl, cluster, namespace or "default", name)
        elif options.step == "image":
            sample_image(options.file)
        else:
            print(walk(kubectl, cluster))
    except (ClusterError, CommandError, AssertionError) as error:
        print(f"\nThe road is blocked: {error}", file=sys.stderr)
        return 1
    return 0


def walk(kubectl: Kubectl, cluster: Cluster) -> str:
    """Walk the road to its end; the summary."""
    ensure_clients()
    with step("installing the operator"):
        install_operator(kubectl, cluster)
    with step("asking for a Registry and a RegistryWebhook"):
        url = apply_resources(kubectl)
    with tempfile.TemporaryDirectory() as directory, reached(kubectl) as at:
        with step("pushing an image over TLS with a password"):
            digest, event = push(kubectl, at, Path(directory))
        with step("running a pod from it"):
            output = run_pod(kubectl, cluster, at, digest)

    def counted() -> int:
        return int((kubectl.get("registrywebhook", "hooks", NAMESPACE) or {})["status"].get("delivered", 0))

    delivered = eventually("the webhook's status counts the event", counted, timeout=90)
    return summary(cluster, Story(url, digest, output, event, delivered))


if __name__ == "__main__":
    sys.exit(main())
