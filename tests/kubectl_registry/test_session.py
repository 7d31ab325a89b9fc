"""A session: what a command asks of the cluster."""

import argparse
from collections.abc import Iterator

import pytest
from tests.kubectl_registry.conftest import FakeCluster, Object

from kubectl_registry.errors import NotFoundError
from kubectl_registry.kube.kinds import CONFIG_MAP, POD, WEBHOOK
from kubectl_registry.screen import Screen
from kubectl_registry.session import Session


@pytest.fixture
def session(kubeconfig: object) -> Iterator[Session]:
    options = argparse.Namespace(kubeconfig="", context="", namespace="", name="team", all_namespaces=False)
    with Session(options, Screen()) as opened:
        yield opened


def pod(phase: str, **metadata: object) -> Object:
    labels = {"wharfinger.dev/registry": "team"}
    return {"metadata": {"name": "team-1", "namespace": "ci", "labels": labels, **metadata}, "status": {"phase": phase}}


def test_the_pod_is_one_that_runs(session: Session, cluster: FakeCluster, team: Object) -> None:
    with pytest.raises(NotFoundError, match="kubectl registry doctor team"):
        session.running_pod(team)
    for refused in (pod("Pending"), pod("Running", deletionTimestamp="2026-11-01T00:00:00Z")):
        cluster.add(POD, refused)
        with pytest.raises(NotFoundError):
            session.running_pod(team)
    cluster.add(POD, pod("Running"))
    assert session.running_pod(team) == "team-1"


def test_of_two_pods_it_is_the_active_one(session: Session, cluster: FakeCluster, team: Object) -> None:
    for name in ("team-1", "team-2"):
        cluster.add(POD, pod("Running", name=name))
    two = {**team, "status": {**team.get("status", {}), "activePod": "team-2"}}
    assert session.running_pod(two) == "team-2"
    two["status"]["activePod"] = "gone"
    assert session.running_pod(two) == "team-1"


def test_webhooks_are_those_that_name_the_registry(session: Session, cluster: FakeCluster, team: Object) -> None:
    for name, registry in (("a", "team"), ("b", "other")):
        cluster.add(
            WEBHOOK, {"metadata": {"name": name, "namespace": "ci"}, "spec": {"registryRef": {"name": registry}}}
        )
    assert [each["metadata"]["name"] for each in session.webhooks(team)] == ["a"]


def test_the_ca_is_the_published_one(session: Session, cluster: FakeCluster, team: Object) -> None:
    cluster.add(CONFIG_MAP, {"metadata": {"name": "team-ca", "namespace": "ci"}, "data": {"ca.crt": "PEM"}})
    assert session.ca(team) == "PEM"
    assert session.ca({**team, "status": {}}) == ""
