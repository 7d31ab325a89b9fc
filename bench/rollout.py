"""The command `python -m bench.rollout`: how long a Registry takes to be Ready, beside its own finished manifests.

Rule: both sides do the same work on the same cluster: `kubectl apply`, then wait until the pod serves. The finished
manifests are those that the operator made, in another namespace and with labels by which it does not take them for its
own. Which side begins changes with each round.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from e2e.cluster.choice import open_cluster
from e2e.cluster.errors import ClusterError
from e2e.kubectl import Kubectl
from e2e.resources import registry_manifest

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks" / "rollout.md"
TARGET = 1.15
CHILDREN = "deployments,services,persistentvolumeclaims,secrets,configmaps,serviceaccounts,networkpolicies"
NAME, AGENT = "team", "bench"
OURS, THEIRS = "bench-registry", "bench-manifests"
_MANAGED_BY = "app.kubernetes.io/managed-by"
_SET_BY_SERVER = (
    "uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "finalizers", "ownerReferences",
    "annotations",
)  # fmt: skip
Object = dict[str, Any]


@dataclass(frozen=True)
class Round:
    """One of each. Seconds from the start of `kubectl apply` to its end, and until the wait was over."""

    registry: float
    manifests: float


def finished(children: list[Object], namespace: str) -> list[Object]:
    """What makes the same children again in another namespace; nobody owns them there."""
    return [_again(child, namespace) for child in children]


def _again(child: Object, namespace: str) -> Object:
    metadata = {key: value for key, value in child["metadata"].items() if key not in _SET_BY_SERVER}
    made = {key: value for key, value in child.items() if key != "status"}
    if child["kind"] == "Service":
        made["spec"] = {key: value for key, value in made["spec"].items() if not key.startswith("clusterIP")}
    if child["kind"] == "PersistentVolumeClaim":
        made["spec"] = {key: value for key, value in made["spec"].items() if key != "volumeName"}
    if child["kind"] == "Deployment":
        template = child["spec"]["template"]
        labels = {**template["metadata"]["labels"], _MANAGED_BY: AGENT}
        made["spec"] = {**made["spec"], "template": {**template, "metadata": {"labels": labels}}}
    labels = {**metadata.get("labels", {}), _MANAGED_BY: AGENT}
    return {**made, "metadata": {**metadata, "namespace": namespace, "labels": labels}}


def registry_ready(kubectl: Kubectl) -> float:
    """Apply a Registry and wait until it is Ready; the seconds that took."""
    begun = time.monotonic()
    kubectl.apply(registry_manifest(NAME, storage={"onDelete": "Delete"}), namespace=OURS)
    kubectl.wait_ready(NAME, OURS, timeout=180)
    return time.monotonic() - begun


def manifests_ready(kubectl: Kubectl, manifests: list[Object]) -> float:
    """Apply the finished manifests and wait until they are rolled out; the seconds that took."""
    begun = time.monotonic()
    kubectl.apply(*manifests)
    kubectl("rollout", "status", f"deployment/{NAME}", "-n", THEIRS, "--timeout=180s", timeout=200)
    return time.monotonic() - begun


def measure(kubectl: Kubectl, rounds: int) -> Iterator[Round]:
    """Yield each round. The first, which is not counted, makes the manifests and sees to it that images are there."""
    try:
        _fresh(kubectl, OURS)
        registry_ready(kubectl)
        made = kubectl.list(CHILDREN, OURS, f"{_MANAGED_BY}=wharfinger")
        manifests = finished(made, THEIRS)
        for number in range(rounds):
            for namespace in (OURS, THEIRS):
                _fresh(kubectl, namespace)
            if number % 2:
                theirs = manifests_ready(kubectl, manifests)
                yield Round(registry_ready(kubectl), theirs)
            else:
                yield Round(registry_ready(kubectl), manifests_ready(kubectl, manifests))
    finally:
        for namespace in (OURS, THEIRS):
            kubectl("delete", "namespace", namespace, "--ignore-not-found", "--wait=false")


def _fresh(kubectl: Kubectl, namespace: str) -> None:
    kubectl("delete", "namespace", namespace, "--ignore-not-found", "--wait", timeout=180)
    kubectl.namespace(namespace)


def ratio(rounds: list[Round]) -> float:
    """The Registry's time in parts of the manifests', by their medians."""
    return median(found.registry for found in rounds) / median(found.manifests for found in rounds)


def page(rounds: list[Round], loads: tuple[float, float], now: datetime) -> str:
    """The page that is kept of a run."""
    met = "met" if ratio(rounds) <= TARGET else "missed"
    each = "\n".join(f"| {n} | {found.registry:.2f} | {found.manifests:.2f} |" for n, found in enumerate(rounds, 1))
    ours, theirs = (median(values) for values in zip(*((r.registry, r.manifests) for r in rounds), strict=True))
    return (
        "# Benchmark of a Registry's first rollout\n\n"
        f"Written by `make bench-rollout` on {now.astimezone(UTC):%Y-%m-%d}, on a cluster of one node; "
        f"{os.cpu_count()} processors, which the cluster and what\nmeasures it share. Load average when it began and "
        f"ended: {loads[0]:.1f} and {loads[1]:.1f}. Beyond 2, other work waits for the same\nprocessors.\n\n"
        "A round is `kubectl apply` of a Registry (`spec: {storage: {onDelete: Delete}}`) until it is Ready, and "
        "`kubectl apply` of\nthe children that the operator had made of such a Registry, in another namespace, "
        "until `kubectl rollout status` is content.\nBoth namespaces are fresh, images are on the node, and which "
        "side begins changes with each round. Ready says more than a\nrollout: that the registry has loaded the "
        "configuration, the passwords and the certificate that the spec asks for.\n\n"
        "| figure | measured | target | |\n|---|---|---|---|\n"
        f"| apply to Ready, of the time of the same manifests and their rollout | {ratio(rounds):.2f} "
        f"({ours:.2f} and {theirs:.2f} s, medians) | <= {TARGET} | {met} |\n\n"
        f"| round | Registry, s | manifests, s |\n|---|---|---|\n{each}\n"
    )


def find() -> Kubectl:
    """The cluster that KUBECONFIG names, or that `make up` made. Raises ClusterError when it does not work."""
    remedy = "run `make up`, or set KUBECONFIG to a cluster with the operator in it"
    if named := os.environ.get("KUBECONFIG"):
        program = shutil.which("kubectl")
        if program is None:
            raise ClusterError("KUBECONFIG is set, but there is no kubectl on the PATH: install it")
        kubectl = Kubectl(program, named)
    else:
        cluster = open_cluster()
        if problems := cluster.status():
            raise ClusterError(f"no cluster is up ({problems[0]}): {remedy}")
        kubectl = Kubectl(str(cluster.kubectl), str(cluster.kubeconfig))
    if kubectl.get("deployment", "wharfinger", "wharfinger-system") is None:
        raise ClusterError(f"the cluster has no operator: {remedy}")
    return kubectl


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(
        prog="bench.rollout", description="Measure apply to Ready on the cluster of `make up` (or KUBECONFIG)."
    )
    parser.add_argument("--quick", action="store_true", help="two rounds; writes no page")
    parser.add_argument("--rounds", type=int, default=10, metavar="N", help="how many (10)")
    options = parser.parse_args()
    begun, rounds = os.getloadavg()[0], []
    try:
        for found in measure(find(), 2 if options.quick else options.rounds):
            rounds.append(found)
            print(f"Registry {found.registry:.2f} s, manifests {found.manifests:.2f} s", file=sys.stderr, flush=True)
    except ClusterError as error:
        sys.exit(f"bench.rollout: {error}")
    print(f"apply to Ready: {ratio(rounds):.2f} of the same manifests and their rollout (target: {TARGET})")
    if not options.quick:
        now = datetime.now(UTC)  # noqa: TID251 - a command line dates its page
        PAGE.write_text(page(rounds, (begun, os.getloadavg()[0]), now))
        print(f"written: {PAGE}")


if __name__ == "__main__":
    main()
