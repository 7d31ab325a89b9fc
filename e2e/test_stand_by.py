"""A Registry on a ReadWriteMany claim: rollouts, evictions and kills under clients that never try again.

Rule: the clients come from outside, through a node port, so that kube-proxy chooses among the pods as it does for a
kubelet that pulls.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from e2e import shared_volume
from e2e.clients import Login, login
from e2e.cluster.interface import Cluster
from e2e.kubectl import CommandError, Kubectl, absent, eventually
from e2e.pods import kill_pod, pods_of
from e2e.resources import registry_manifest
from e2e.traffic import Session, Traffic

NAME = "team"
COST = "controller.kubernetes.io/pod-deletion-cost"


@pytest.fixture(scope="module")
def at(kubectl: Kubectl, namespace: str, cluster: Cluster) -> Iterator[Login]:
    """A Registry of one pod on a volume that many may write, reached through a node port."""
    volume, node = shared_volume.provide(kubectl, namespace), cluster.node_address()
    storage = {"size": "1Gi", "storageClassName": shared_volume.CLASS, "accessModes": ["ReadWriteMany"]}
    spec: dict[str, Any] = {"service": {"type": "NodePort"}, "tls": {"hosts": [node]}, "storage": storage}
    kubectl.apply(registry_manifest(NAME, **spec), namespace=namespace)
    kubectl.wait_ready(NAME, namespace)
    service = kubectl.get("service", NAME, namespace)
    assert service is not None
    yield login(kubectl, NAME, namespace, f"{node}:{service['spec']['ports'][0]['nodePort']}")
    kubectl("delete", "registry", NAME, "-n", namespace, "--wait")
    kubectl("delete", "pvc", "--all", "-n", namespace, "--wait=false")
    kubectl("delete", "persistentvolume", volume, "--wait=false")


@contextmanager
def traffic(at: Login) -> Iterator[Traffic]:
    """Two clients that pull and one that pushes, each over new connections; what was pushed is there in the end."""
    working = Traffic()
    pushed: list[int] = []

    def push(session: Session) -> None:
        session.push("loop/pushed", str(len(pushed)))
        pushed.append(len(pushed))

    with Session(at) as session:
        session.push("loop/app", "1")
    for number in (1, 2):
        working.start(f"pulls {number}", lambda: at, lambda session: session.pull("loop/app", "1"))
    working.start("pushes", lambda: at, push)
    try:
        eventually("all work", lambda: len(working.done) == 3)
        yield working
        done = working.done.copy()
        eventually("all work still", lambda: all(working.done[name] > done[name] + 3 for name in done))
    finally:
        working.end()
    with Session(at) as session:
        for number in pushed:
            session.pull("loop/pushed", str(number))


def patch(kubectl: Kubectl, namespace: str, spec: dict[str, Any]) -> None:
    """Edit the Registry."""
    kubectl("patch", "registry", NAME, "-n", namespace, "--type=merge", "-p", json.dumps({"spec": spec}))


def names(kubectl: Kubectl, namespace: str) -> set[str]:
    """The pods that are there to stay and ready."""
    ready = set()
    for pod in pods_of(kubectl, NAME, namespace):
        conditions = {c["type"]: c["status"] for c in pod["status"].get("conditions", [])}
        if conditions.get("Ready") == "True":
            ready.add(str(pod["metadata"]["name"]))
    return ready


def active(kubectl: Kubectl, namespace: str) -> str:
    """The pod that has the content open, as `kubectl describe` tells."""
    message = kubectl.condition("registry", NAME, namespace, "WorkloadReady")["message"]
    return next((name for name in names(kubectl, namespace) if f"{name} is active" in message), "")


def left(kubectl: Kubectl, namespace: str, old: set[str]) -> dict[str, str]:
    """Which of these pods are there yet, and by when each that ends has to have ended."""
    found = kubectl.list("pods", namespace, f"wharfinger.dev/registry={NAME}")
    metadata = [pod["metadata"] for pod in found]
    return {entry["name"]: entry.get("deletionTimestamp", "") for entry in metadata if entry["name"] in old}


def all_gone(kubectl: Kubectl, namespace: str, old: set[str]) -> bool:
    """Whether none of these pods is there, not even one that ends."""
    return not left(kubectl, namespace, old)


def test_a_rollout_costs_no_pull_and_no_push(kubectl: Kubectl, namespace: str, at: Login) -> None:
    old = names(kubectl, namespace)
    assert len(old) == 1
    with traffic(at) as clients:
        patch(kubectl, namespace, {"pod": {"annotations": {"rolled": "once"}}})
        eventually("another pod has taken over", partial(all_gone, kubectl, namespace, old), timeout=120)
        kubectl.wait_ready(NAME, namespace)
    assert not clients.failures, clients.failures[:20]


def test_an_eviction_costs_no_pull_and_no_push(kubectl: Kubectl, namespace: str, at: Login) -> None:
    patch(kubectl, namespace, {"replicas": 2})
    eventually("two pods are ready", lambda: len(names(kubectl, namespace)) == 2)
    first = eventually("status names the one that is active", partial(active, kubectl, namespace))
    budget = eventually("a budget", lambda: kubectl.get("poddisruptionbudget", NAME, namespace))
    assert budget["spec"]["minAvailable"] == 1
    with traffic(at) as clients:
        eventually("it may be evicted", partial(evict, kubectl, namespace, first))
        eventually("it is gone", partial(all_gone, kubectl, namespace, {first}), timeout=120)
        eventually("two pods are ready", lambda: len(names(kubectl, namespace)) == 2)
        eventually("the other is active", lambda: active(kubectl, namespace) not in ("", first))
    assert not clients.failures, clients.failures[:20]


def evict(kubectl: Kubectl, namespace: str, pod: str) -> bool:
    """Ask for an eviction, as `kubectl drain` does; whether it was granted."""
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace}}
    try:
        kubectl("create", "--raw", f"/api/v1/namespaces/{namespace}/pods/{pod}/eviction", "-f", "-",
                stdin=json.dumps(eviction))  # fmt: skip
    except CommandError as error:
        if "disruption budget" not in error.output:
            raise
        return False
    return True


def goes_last(kubectl: Kubectl, namespace: str) -> str:
    """The active pod, of two, once Kubernetes has been told to end it last; all else would have it go first."""
    first = eventually("status names the one that is active", partial(active, kubectl, namespace))

    def told() -> bool:
        pod = kubectl.get("pod", first, namespace) or {}
        return bool(pod["metadata"].get("annotations", {}).get(COST) == "100")

    eventually("it costs more than another", told)
    (other,) = names(kubectl, namespace) - {first}
    kubectl("annotate", "pod", other, "-n", namespace, f"{COST}=50")
    return first


def test_a_rollout_of_two_hands_over_once(kubectl: Kubectl, namespace: str, at: Login) -> None:
    old, first = names(kubectl, namespace), goes_last(kubectl, namespace)
    named: list[str] = []
    ends: dict[str, str] = {}

    def replaced() -> bool:
        there = left(kubectl, namespace, old)
        ends.update(there)
        registry = kubectl.get("registry", NAME, namespace) or {}
        named.append(registry["status"]["activePod"])
        return not there

    with traffic(at) as clients:
        patch(kubectl, namespace, {"pod": {"annotations": {"rolled": "twice"}}})
        eventually("other pods have taken over", replaced, timeout=120)
        kubectl.wait_ready(NAME, namespace)
        last = eventually("status names the one that is active", partial(active, kubectl, namespace))
    assert not clients.failures, clients.failures[:20]
    assert last not in old
    (other,) = old - {first}
    assert "" < ends[other] <= ends[first], "the active one was told to end before the one that stood by"
    assert set(named) <= {first, last}, "the old ones handed over to each other, or the new ones"


def restarted(kubectl: Kubectl, namespace: str, pod: str) -> bool:
    """Whether the container of a pod has ended once."""
    found = kubectl.get("pod", pod, namespace) or {}
    return bool(found["status"]["containerStatuses"][0]["restartCount"])


def test_a_kill_loses_nothing_and_one_takes_over(kubectl: Kubectl, namespace: str, at: Login) -> None:
    first = eventually("status names the one that is active", partial(active, kubectl, namespace))
    pods = {pod["metadata"]["name"]: pod for pod in pods_of(kubectl, NAME, namespace)}
    with traffic(at) as clients:
        kill_pod(pods[first])
        eventually("it has been started anew", partial(restarted, kubectl, namespace, first))
        eventually("one of them is active", lambda: len(names(kubectl, namespace)) == 2 and active(kubectl, namespace))
    # connections are cut off or refused until Kubernetes notices; nobody gets a wrong answer
    wrong = [failure for failure in clients.failures if ": RefusedError: " in failure]
    assert not wrong, wrong[:20]


def test_one_replica_needs_no_budget_and_the_active_pod_stays(kubectl: Kubectl, namespace: str, at: Login) -> None:
    del at
    first = goes_last(kubectl, namespace)
    patch(kubectl, namespace, {"replicas": 1})
    eventually("the budget is gone", lambda: absent(kubectl, "poddisruptionbudget", NAME, namespace))
    eventually("one pod is left, which was active", lambda: names(kubectl, namespace) == {first})
    kubectl.wait_ready(NAME, namespace)
