"""An Argo CD Application that a test looks at. Rule: a state counts for the commit that it is of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from e2e.gitops.argocd import NAMESPACE
from e2e.kubectl import Kubectl, Object, eventually

KIND = "application.argoproj.io"


@dataclass(frozen=True)
class Application:
    """One Application, which deploys a git repository's root into a namespace, by itself and with pruning."""

    kubectl: Kubectl
    name: str
    destination: str
    """A namespace."""

    def deploy(self, url: str) -> None:
        """Have Argo CD deploy from a repository."""
        spec = {
            "project": "default",
            "source": {"repoURL": url, "path": ".", "targetRevision": "main"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": self.destination},
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
        }
        metadata = {"name": self.name, "namespace": NAMESPACE}
        self.kubectl.apply(
            {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": metadata, "spec": spec}
        )

    def look(self, how: str = "normal") -> None:
        """Have Argo CD look at git now, as a git server's webhook does; `hard`: without its caches."""
        annotation = f"argocd.argoproj.io/refresh={how}"
        self.kubectl("annotate", "--overwrite", KIND, self.name, "-n", NAMESPACE, annotation)

    def status(self) -> dict[str, Any]:
        """What Argo CD says."""
        found: dict[str, Any] = (self.kubectl.get(KIND, self.name, NAMESPACE) or {}).get("status", {})
        return found

    def reaches(self, commit: str, health: str = "Healthy") -> Object:
        """Wait until a commit is deployed, Synced and of this health; the status."""
        self.look()

        def there() -> Object:
            status = self.status()
            told = {"conditions": status.get("conditions"), "operation": status.get("operationState", {})}
            assert status.get("sync", {}).get("revision") == commit, (status.get("sync"), told)
            assert state(status) == ("Synced", health), (state(status), told, status.get("resources"))
            assert "operation" not in (self.kubectl.get(KIND, self.name, NAMESPACE) or {}), "it is at it"
            return status

        return eventually(f"{self.name} is Synced and {health} at {commit[:8]}", there, timeout=300)

    def health(self, kind: str, name: str) -> dict[str, str]:
        """What Argo CD says of the health of one object: status and message."""
        found: dict[str, str] = next(
            item["health"] for item in self.status()["resources"] if (item["kind"], item["name"]) == (kind, name)
        )
        return found


def state(status: Object) -> tuple[str, str]:
    """Whether it is as git has it, and how it is."""
    return status.get("sync", {}).get("status", ""), status.get("health", {}).get("status", "")


def operations(status: Object) -> Object:
    """What a sync leaves behind; the same as long as there was none."""
    operation = status["operationState"]
    return {"history": status["history"], "started": operation["startedAt"], "finished": operation["finishedAt"]}
