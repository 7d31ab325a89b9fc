"""What tests and `make up` may know of a cluster. Rule: nothing outside this package names a provider's class."""

import os
import shutil
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

from e2e.cluster.builders import Builder
from e2e.cluster.commands import succeeds
from e2e.cluster.errors import ClusterError, UnusableMachineError
from e2e.cluster.progress import say
from e2e.cluster.settings import Settings

PROVIDERS = ("kind", "local")
_ON_LINUX = sys.platform == "linux"
_AS_ROOT = os.geteuid() == 0


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


def choose_provider(wanted: str, *, docker: bool, linux: bool, root: bool) -> str:
    """Name the provider: what CLUSTER says, else `kind` with a Docker engine, else `local` for root on Linux."""
    if wanted:
        if wanted not in PROVIDERS:
            raise ClusterError(f"CLUSTER={wanted}: use one of {', '.join(PROVIDERS)}, or leave it unset")
        return wanted
    if docker:
        return "kind"
    if linux and root:
        return "local"
    lacks = "root (run it with sudo)" if linux else "Linux with root"
    raise UnusableMachineError(
        f"this machine cannot run a cluster: no Docker engine answers (`docker version`), and without one {lacks} is "
        "needed. Start Docker, or become root on Linux, and run it again."
    )


def docker_answers() -> bool:
    """Whether a Docker engine can be used from here."""
    return shutil.which("docker") is not None and succeeds(
        ["docker", "version", "--format", "{{.Server.Version}}"], timeout=15
    )


def open_cluster(environment: Mapping[str, str] | None = None) -> Cluster:
    """The cluster that the environment (CLUSTER, WHARFINGER_CLUSTER, ...) names; it need not be up.

    Once `up` has chosen a provider, the choice holds until `down`.
    """
    env = os.environ if environment is None else environment
    settings = Settings.read(env)
    wanted = env.get("CLUSTER") or settings.chosen_provider()
    docker = not wanted and docker_answers()
    return _cluster(choose_provider(wanted, docker=docker, linux=_ON_LINUX, root=_AS_ROOT), settings)


def bring_up() -> Cluster:
    """Open the cluster and bring it up; where nobody chose `kind` and it turns out not to work here, take `local`."""
    cluster = open_cluster()
    free = not os.environ.get("CLUSTER") and not cluster.settings.chosen_provider()
    try:
        cluster.up()
    except UnusableMachineError as error:
        if not (free and cluster.provider == "kind" and _ON_LINUX and _AS_ROOT):
            raise
        say(f"{error}\na Docker engine is here but kind does not work with it: using the local provider instead")
        cluster = _cluster("local", cluster.settings)
        cluster.up()
    return cluster


def take_down() -> None:
    """Take the cluster down; where no trace says whose it was, whatever either provider may have left."""
    settings = Settings.read()
    wanted = os.environ.get("CLUSTER") or settings.chosen_provider()
    if wanted:
        open_cluster().down()
        return
    if docker_answers():
        _cluster("kind", settings).down()
    if _ON_LINUX and _AS_ROOT:
        _cluster("local", settings).down()


def _cluster(provider: str, settings: Settings) -> Cluster:
    # Imported here: each provider imports this module for the interface that it implements.
    from e2e.cluster.kind.provider import KindCluster  # noqa: PLC0415 - see above
    from e2e.cluster.local.provider import LocalCluster  # noqa: PLC0415 - see above

    return KindCluster(settings) if provider == "kind" else LocalCluster(settings)
