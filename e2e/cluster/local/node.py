"""What one node is made of, as data. Rule: both sides (the host's and the node's PID 1) read the same description."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from e2e.cluster.settings import Network, Settings


@dataclass(frozen=True)
class Node:
    """The node's names, addresses, directories and programs."""

    name: str
    cgroup: str
    network: Network
    run: Path
    """The run directory: all of the cluster's state."""
    programs: dict[str, str]
    """Program name -> its path."""
    snapshotter: str = "overlayfs"

    @classmethod
    def of(cls, settings: Settings, programs: dict[str, str], snapshotter: str) -> "Node":
        """Describe the node of a cluster."""
        return cls(settings.name, settings.cgroup, settings.network, settings.run_directory, programs, snapshotter)

    def save(self) -> None:
        """Write the description into the run directory, for PID 1."""
        (self.run / "node.json").write_text(json.dumps(asdict(self), default=str, indent=1))

    @classmethod
    def load(cls, run: Path) -> "Node":
        """Read what `save` wrote."""
        raw = json.loads((run / "node.json").read_text())
        return cls(**{**raw, "run": Path(raw["run"]), "network": Network(**raw["network"])})

    @property
    def pki(self) -> Path:
        """Keys and certificates of the control plane."""
        return self.run / "pki"

    @property
    def configuration(self) -> Path:
        """Configuration files and kubeconfigs of the components."""
        return self.run / "etc"

    @property
    def logs(self) -> Path:
        """One log file per component."""
        return self.run / "log"

    @property
    def certs_d(self) -> Path:
        """containerd's per-registry configuration."""
        return self.run / "certs.d"

    @property
    def socket(self) -> Path:
        """containerd's socket; reachable from the host too."""
        return self.run / "containerd.sock"

    @property
    def api_url(self) -> str:
        """Where this machine and the components reach the API server."""
        return f"https://{self.network.node_ip}:6443"
