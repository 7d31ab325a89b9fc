"""A cluster with nothing on it, and what is done to it. Rule: documented commands run as they are.

It is another cluster than that of `make up`, which has an operator already.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
import sys
from dataclasses import dataclass

from e2e.cluster.choice import open_cluster
from e2e.cluster.interface import Cluster
from e2e.cluster.settings import Settings
from e2e.install.rendering import NAMESPACE, ROOT
from e2e.kubectl import Kubectl, eventually, run
from e2e.programs import program
from e2e.resources import registry_manifest

CRDS = ("registries.wharfinger.dev", "registrywebhooks.wharfinger.dev")
_RANGES = list(ipaddress.IPv4Network("10.192.0.0/10").subnets(new_prefix=16))
"""Away from the default range; one of them for each name, so that two work trees do not meet."""


def environment() -> dict[str, str]:
    """The settings of the fresh cluster that goes with the cluster of `make up`."""
    name = f"{Settings.read().name}-fresh"[-30:].lstrip("-")
    subnet = _RANGES[hashlib.sha256(name.encode()).digest()[0] % len(_RANGES)]
    return {**os.environ, "WHARFINGER_CLUSTER": name, "WHARFINGER_SUBNET": str(subnet)}


def make(command: str) -> None:
    """Run a command of `python -m e2e.cluster` on the fresh cluster."""
    run([sys.executable, "-m", "e2e.cluster", command], env=environment(), timeout=1200)


@dataclass(frozen=True)
class Fresh:
    """The cluster, and a shell on it."""

    cluster: Cluster
    kubectl: Kubectl

    @classmethod
    def open(cls) -> Fresh:
        """The cluster, which has to be up."""
        cluster = open_cluster(environment())
        return cls(cluster, Kubectl(str(cluster.kubectl), str(cluster.kubeconfig)))

    def shell(self, command: str, timeout: float = 300) -> str:
        """Run a documented command as it stands there, in the repository; what it printed."""
        known = {**os.environ, **self.cluster.environment()}
        known["PATH"] = f"{program('helm').parent}{os.pathsep}{known['PATH']}"
        return run(["bash", "-euo", "pipefail", "-c", f"cd {ROOT}; {command}"], timeout=timeout, env=known)

    def works(self, namespace: str) -> None:
        """The operator is there, and a Registry of the smallest spec becomes Ready."""
        self.kubectl(
            "rollout", "status", "deployment/wharfinger", "-n", NAMESPACE, "--timeout=120s", timeout=150
        )  # fmt: skip
        self.kubectl.apply(registry_manifest("team"), namespace=namespace)
        self.kubectl.wait_ready("team", namespace, timeout=90)

    def restricted(self, name: str) -> None:
        """A namespace that enforces the restricted Pod Security Standard."""
        self.kubectl.namespace(name)
        self.kubectl("label", "--overwrite", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")

    def clear(self) -> None:
        """Leave nothing of ours on it: the Registries first, so that Kubernetes sees whose the children are."""
        if self.kubectl("get", "crd", CRDS[0], "--ignore-not-found").strip():
            self.kubectl("delete", "registries", "--all", "-A", timeout=180)
        eventually(
            "the Registries' Deployments are gone",
            lambda: not self.kubectl("get", "deployments", "-A", "-l", "app.kubernetes.io/name=wharf", "-o", "name"),
        )
        for crd in CRDS:
            self.kubectl("delete", "crd", crd, "--ignore-not-found", "--wait", timeout=180)
        self.kubectl("delete", "namespace", NAMESPACE, "team-a", "team-b", "--ignore-not-found", "--wait", timeout=180)
        self.kubectl("delete", "pvc", "--all", "-n", "default", timeout=180)
        for kind in ("clusterroles", "clusterrolebindings"):
            ours = re.findall(r"^\S*/wharfinger\S*$", self.kubectl("get", kind, "-o", "name"), re.MULTILINE)
            if ours:
                self.kubectl("delete", *ours)
