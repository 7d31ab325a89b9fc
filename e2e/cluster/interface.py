"""What tests and `make up` may know of a cluster. Rule: nothing outside this package names a provider's class."""

import os
from abc import ABC, abstractmethod
from pathlib import Path

from e2e.cluster.builders import Builder
from e2e.cluster.settings import Settings


class Cluster(ABC):
    """A Kubernetes cluster of one node, reachable from this machine."""

    provider: str
    default_base: str = ""
    """Base image to try when BASE_IMAGE is not given; empty: none, one is made."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @property
    @abstractmethod
    def kubeconfig(self) -> Path:
        """Kubeconfig file of a cluster administrator; complete in itself."""

    @property
    @abstractmethod
    def kubectl(self) -> Path:
        """A kubectl that fits the cluster's version."""

    @abstractmethod
    def up(self) -> None:
        """Bring the cluster up, mend it, or find it well and change nothing."""

    @abstractmethod
    def down(self) -> None:
        """Take down all that `up` started, also after an `up` that failed half-way."""

    @abstractmethod
    def status(self) -> list[str]:
        """What is wrong, a line each; empty when the cluster works."""

    @abstractmethod
    def load_image(self, archive: Path) -> None:
        """Make the images of a `docker save` archive known to the node; cheap when they are already."""

    @property
    @abstractmethod
    def builder(self) -> Builder:
        """What builds Dockerfiles on this provider's machine."""

    @abstractmethod
    def node_address(self) -> str:
        """An address of the node where this machine reaches NodePorts."""

    @abstractmethod
    def host_address(self) -> str:
        """An address of this machine that pods can reach."""

    @abstractmethod
    def trust_registry(self, host: str, ca_pem: str, address: str = "") -> None:
        """Let the node's container runtime pull from `host` (as images name it, with any port) trusting `ca_pem`.

        `address` is where `host` is, for nodes that cannot resolve the cluster's names.
        """

    def audit_log(self) -> Path | None:
        """The API server's record of what was asked of it, a JSON object a line; None where none is kept."""
        return None

    def environment(self) -> dict[str, str]:
        """Variables for a shell: KUBECONFIG, and a PATH that finds kubectl."""
        return {
            "KUBECONFIG": str(self.kubeconfig),
            "PATH": f"{self.kubectl.parent}{os.pathsep}{os.environ.get('PATH', '')}",
        }
