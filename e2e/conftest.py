"""Fixtures of the end-to-end tests: the cluster, a namespace per file, a Registry in it, and somebody logged in.

Rule: a test sees the cluster only through `Kubectl` and the interface of `e2e.cluster`; it never
asks which provider it is.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.clients import Login, Skopeo, login, port_forward
from e2e.cluster.choice import open_cluster
from e2e.cluster.interface import Cluster
from e2e.kubectl import Kubectl, eventually
from e2e.programs import build, named_by
from e2e.resources import registry_manifest
from e2e.rights import OPERATOR, missing
from e2e.sample import ensure_clients, sample_image


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build what the tests that will run are marked with."""
    if not session.config.option.collectonly:
        build(named_by(session.items))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The cluster that `make up` made; at the end its record must say that the operator lacked no right."""
    found = open_cluster()
    problems = found.status()
    assert not problems, f"the cluster does not work, run `make up`: {problems}"
    yield found
    if (log := found.audit_log()) is not None:
        assert missing(log, OPERATOR) == [], "the operator's ClusterRole lacks these: manifests/base/cluster-role.yaml"


@pytest.fixture(scope="session")
def kubectl(cluster: Cluster) -> Kubectl:
    """kubectl with the administrator's credentials."""
    return Kubectl(str(cluster.kubectl), str(cluster.kubeconfig))


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real image, in the layout of `docker save`: what the tests push."""
    ensure_clients()
    return sample_image(tmp_path_factory.mktemp("sample") / "hello.tar")


@pytest.fixture(scope="session")
def image(archive: Path) -> str:
    """The same, as skopeo names it."""
    return f"docker-archive:{archive}"


@pytest.fixture(scope="module")
def namespace(kubectl: Kubectl, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of the test file's own, removed afterwards."""
    name = "e2e-" + re.sub(r"[^a-z0-9]+", "-", request.module.__name__.rpartition(".")[2].removeprefix("test_"))
    kubectl("delete", "namespace", name, "--ignore-not-found", "--wait", timeout=180)
    kubectl.namespace(name)
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="module")
def registry(kubectl: Kubectl, namespace: str) -> str:
    """The name of a Ready Registry, made from the smallest spec there is."""
    kubectl.apply(registry_manifest("team"), namespace=namespace)
    kubectl.wait_ready("team", namespace)
    return "team"


@pytest.fixture
def at(kubectl: Kubectl, namespace: str, registry: str) -> Iterator[Login]:
    """The registry, reached from outside by port-forward, with what its Secrets say."""
    with port_forward(kubectl, registry, namespace) as host:
        yield login(kubectl, registry, namespace, host)


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A directory with a short name: podman and dockerd make sockets below it, whose paths are limited."""
    with tempfile.TemporaryDirectory(prefix="wf") as directory:
        yield Path(directory)


@pytest.fixture
def skopeo(at: Login, tmp_path: Path) -> Skopeo:
    """skopeo, logged in."""
    client = Skopeo(at, tmp_path / "skopeo")
    client.login()
    return client


@pytest.fixture
def no_operator(kubectl: Kubectl) -> Iterator[None]:
    """The operator scaled to nought for a test."""
    kubectl("scale", "deployment/wharfinger", "-n", "wharfinger-system", "--replicas=0")
    eventually("no operator runs", lambda: not kubectl.list("pods", "wharfinger-system"))
    yield
    kubectl("scale", "deployment/wharfinger", "-n", "wharfinger-system", "--replicas=1")
    kubectl("rollout", "status", "deployment/wharfinger", "-n", "wharfinger-system", "--timeout=60s")
