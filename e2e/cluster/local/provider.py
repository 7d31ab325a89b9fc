"""The `local` provider: `Cluster` on bare Linux as root. Rule: `up` changes nothing on a cluster that is well."""

import os
import shutil
from pathlib import Path

from e2e.cluster.builders import Buildah, Builder
from e2e.cluster.debian import IMAGE_PACKAGES, NODE_PACKAGES, ensure_packages
from e2e.cluster.errors import ClusterError, UnusableMachineError
from e2e.cluster.interface import Cluster
from e2e.cluster.local import bring_up, cgroups, host
from e2e.cluster.local.images import load_archive
from e2e.cluster.local.node import Node
from e2e.cluster.locks import locked
from e2e.cluster.progress import say, step
from e2e.cluster.registries import hosts_toml
from e2e.cluster.settings import Settings
from e2e.cluster.small_images import SmallImages
from e2e.cluster.tools import MODULES, Tools

NODE_MODULES = ("kubernetes", "etcd", "containerd", "coredns", "local-path-provisioner", "pause")
PROGRAMS = tuple(program for module in MODULES if module.directory in NODE_MODULES for program in module.programs)


class LocalCluster(Cluster):
    """One node in namespaces of its own."""

    provider = "local"

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._tools = Tools(settings.cache)
        self._small = SmallImages(settings.cache, self._tools)

    @property
    def kubeconfig(self) -> Path:
        """Kubeconfig file of a cluster administrator."""
        return bring_up.kubeconfig(self.settings)

    @property
    def kubectl(self) -> Path:
        """The kubectl built with the cluster."""
        return self._tools.path("kubectl")

    def node_address(self) -> str:
        """The node's end of the link. This machine reaches pods and Services by their own addresses, too."""
        return self.settings.network.node_ip

    def host_address(self) -> str:
        """The host's end of the link."""
        return self.settings.network.host_ip

    def audit_log(self) -> Path | None:
        """Kept beside the other logs."""
        return self._node().logs / "audit.log"

    def up(self) -> None:
        """Install, build, start or mend; does nothing when the cluster is well."""
        if os.geteuid():
            raise UnusableMachineError("the local cluster needs root: run it with sudo")
        with locked(self.settings.lock_file):
            ensure_packages(NODE_PACKAGES)
            self._tools.ensure(PROGRAMS)
            archives = [self._small.pause(), self._small.coredns(), self._small.provisioner(), self._small.busybox()]
            if not bring_up.is_well(self.settings, self._programs()):
                self._take_down("taking down what is left of the last cluster")
                with step(f"starting node {self.settings.name}"):
                    bring_up.start(self.settings, self._programs(), archives)
            for archive in archives:
                load_archive(self._node(), archive)

    def down(self) -> None:
        """End the node and remove all that it left on the host."""
        with locked(self.settings.lock_file):
            if not self._take_down(f"taking down cluster {self.settings.name}"):
                say(f"cluster {self.settings.name} is not up")

    def status(self) -> list[str]:
        """What is wrong, a line each."""
        if not (self.settings.run_directory / "node.json").exists():
            return [f"cluster {self.settings.name} is not up; `python -m e2e.cluster up` brings it up"]
        if not host.node_processes(self.settings):
            return ["the node's processes are gone; `python -m e2e.cluster up` mends it"]
        return bring_up.problems(self._node())

    def load_image(self, archive: Path) -> None:
        """Import an archive into containerd, unless the node has these very images already."""
        with locked(self.settings.lock_file):
            load_archive(self._node(), archive)

    @property
    def builder(self) -> Builder:
        """buildah."""
        ensure_packages({"buildah": IMAGE_PACKAGES["buildah"]})
        return Buildah(self.settings.cache)

    def trust_registry(self, host: str, ca_pem: str, address: str = "") -> None:
        """Write containerd's `certs.d` entry for `host`; it takes effect with the next pull."""
        directory = self._node().certs_d / host
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "ca.crt").write_text(ca_pem)
        (directory / "hosts.toml").write_text(hosts_toml(host, str(directory / "ca.crt")))

    def _node(self) -> Node:
        try:
            return Node.load(self.settings.run_directory)
        except FileNotFoundError as error:
            raise ClusterError(
                f"cluster {self.settings.name} is not up; `python -m e2e.cluster up` brings it up"
            ) from error

    def _programs(self) -> dict[str, str]:
        paths = {name: str(self._tools.path(name)) for name in PROGRAMS}
        return {**paths, "runc": shutil.which("runc") or "/usr/sbin/runc"}

    def _take_down(self, title: str) -> bool:
        """Tear down whatever there is of the cluster; whether there was anything."""
        traces = [
            self.settings.run_directory,
            Path("/sys/class/net", self.settings.host_interface),
            *cgroups.groups(self.settings.cgroup),
        ]
        if not any(path.exists() for path in traces) and not host.node_processes(self.settings):
            return False
        with step(title):
            host.tear_down(self.settings)
        return True
