"""Which provider this machine's cluster is of. Rule: the one module that names the providers' classes."""

import os
import sys
from collections.abc import Mapping

from e2e.cluster.errors import ClusterError, UnusableMachineError
from e2e.cluster.interface import Cluster
from e2e.cluster.kind.provider import KindCluster, docker_answers
from e2e.cluster.local.provider import LocalCluster
from e2e.cluster.progress import say
from e2e.cluster.settings import Settings

PROVIDERS: dict[str, type[Cluster]] = {"kind": KindCluster, "local": LocalCluster}
_ON_LINUX = sys.platform == "linux"
_AS_ROOT = os.geteuid() == 0


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


def open_cluster(environment: Mapping[str, str] | None = None) -> Cluster:
    """The cluster that the environment (CLUSTER, WHARFINGER_CLUSTER, ...) names; it need not be up.

    Once `up` has chosen a provider, the choice holds until `down`.
    """
    env = os.environ if environment is None else environment
    settings = Settings.read(env)
    wanted = env.get("CLUSTER") or settings.chosen_provider()
    docker = not wanted and docker_answers()
    return PROVIDERS[choose_provider(wanted, docker=docker, linux=_ON_LINUX, root=_AS_ROOT)](settings)


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
        cluster = LocalCluster(cluster.settings)
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
        KindCluster(settings).down()
    if _ON_LINUX and _AS_ROOT:
        LocalCluster(settings).down()
