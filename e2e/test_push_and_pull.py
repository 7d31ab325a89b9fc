"""skopeo, podman, docker and a pod of the cluster push and pull over TLS with a password."""

from pathlib import Path

import pytest

from e2e.clients import Login, Podman, Skopeo, docker_engine, login
from e2e.cluster.interface import Cluster
from e2e.kubectl import CommandError, Kubectl, eventually, run
from e2e.resources import pod_manifest, registry_manifest


def test_skopeo_pushes_lists_pulls_and_deletes(skopeo: Skopeo, image: str, tmp_path: Path) -> None:
    digest = skopeo.push(image, "library/hello:1")
    assert digest.startswith("sha256:")
    assert skopeo.tags("library/hello") == ["1"]
    skopeo.pull(f"library/hello@{digest}", f"dir:{tmp_path}/pulled")
    assert (tmp_path / "pulled" / "manifest.json").exists()
    skopeo.delete("library/hello:1")
    with pytest.raises(CommandError, match="manifest unknown"):
        skopeo.pull("library/hello:1", f"dir:{tmp_path}/gone")


def test_podman_logs_in_pushes_and_pulls(at: Login, archive: Path, short_path: Path) -> None:
    podman = Podman(at, short_path)
    podman.login()
    podman("load", "--quiet", "--input", str(archive))
    (loaded,) = podman("images", "--quiet", "--no-trunc").split()
    podman("push", "--quiet", *podman.trust, loaded, f"docker://{at.host}/podman/hello:1")
    podman("rmi", "--all", "--force")
    podman("pull", "--quiet", *podman.trust, f"{at.host}/podman/hello:1")
    assert podman("images", "--quiet", "--no-trunc").split() == [loaded]


def test_docker_logs_in_pushes_and_pulls_through_a_node_port(
    kubectl: Kubectl, namespace: str, cluster: Cluster, archive: Path, short_path: Path
) -> None:
    node = cluster.node_address()
    spec = registry_manifest("outside", service={"type": "NodePort"}, tls={"hosts": [node]}, storage={"size": "1Gi"})
    kubectl.apply(spec, namespace=namespace)
    kubectl.wait_ready("outside", namespace)
    service = kubectl.get("service", "outside", namespace)
    assert service is not None
    at = login(kubectl, "outside", namespace, f"{node}:{service['spec']['ports'][0]['nodePort']}")
    with docker_engine(short_path, at) as environment:
        run(["docker", "login", "-u", at.user, "--password-stdin", at.host], stdin=at.password, env=environment)
        loaded = run(["docker", "load", "--quiet", "--input", str(archive)], env=environment)
        name = loaded.strip().rpartition(": ")[2]
        target = f"{at.host}/docker/hello:1"
        run(["docker", "tag", name, target], env=environment)
        run(["docker", "push", target], env=environment)
        run(["docker", "rmi", "--force", name, target], env=environment)
        assert "Downloaded newer image" in run(["docker", "pull", target], env=environment)


def test_a_pod_pulls_with_the_pull_secret_and_not_without(
    kubectl: Kubectl, namespace: str, registry: str, skopeo: Skopeo, cluster: Cluster, image: str
) -> None:
    skopeo.push(image, "apps/hello:1")
    service = kubectl.get("service", registry, namespace)
    assert service is not None
    host = f"{registry}.{namespace}.svc"
    cluster.trust_registry(host, skopeo.at.ca, service["spec"]["clusterIP"])
    kubectl.apply(pod_manifest("without", f"{host}/apps/hello:1", "", ["true"]), namespace=namespace)
    kubectl.apply(pod_manifest("with", f"{host}/apps/hello:1", f"{registry}-pull", ["true"]), namespace=namespace)

    def phase(name: str) -> str:
        pod = kubectl.get("pod", name, namespace) or {}
        return str(pod.get("status", {}).get("phase"))

    def waits_for_its_image() -> bool:
        pod = kubectl.get("pod", "without", namespace) or {}
        states = [status["state"] for status in pod.get("status", {}).get("containerStatuses", [])]
        return any(s.get("waiting", {}).get("reason") in {"ErrImagePull", "ImagePullBackOff"} for s in states)

    eventually("the pod with the pull Secret has run", lambda: phase("with") == "Succeeded")
    eventually("the pod without it could not pull", waits_for_its_image)
