"""`python -m e2e.cluster COMMAND`: the cluster from the command line.

Rule: answers go to standard output, progress to standard error.

up            bring the cluster up, mend it, or find it well
down          take all of it down
status        say what is wrong; exit status 1 when anything is
load FILE...  load `docker save` archives into the node
env           print shell lines for KUBECONFIG and PATH: eval "$(python -m e2e.cluster env)"
kubeconfig    print the path of the administrator's kubeconfig
kubectl       print the path of a kubectl that fits
node-address  print the address where NodePorts are reached
host-address  print the address where pods reach this machine
"""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from e2e.cluster import images
from e2e.cluster.choice import bring_up, open_cluster, take_down
from e2e.cluster.errors import ClusterError
from e2e.cluster.interface import Cluster
from e2e.cluster.progress import say


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it did what it says, 1 when not, with the remedy on standard error."""
    parser = argparse.ArgumentParser(
        prog="python -m e2e.cluster", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    answers = ("env", "kubeconfig", "kubectl", "node-address", "host-address")
    parser.add_argument("command", choices=("up", "down", "status", "load", "images", *answers))
    parser.add_argument("files", nargs="*", type=Path, help="image archives, for `load`")
    options = parser.parse_args(arguments)
    try:
        return _perform(options.command, options.files)
    except ClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error}; XDG_CACHE_HOME must be a directory that this user can write to", file=sys.stderr)
        return 1


def _perform(command: str, files: Sequence[Path]) -> int:
    if command == "up":
        cluster = bring_up()
        say(f"cluster {cluster.settings.name} ({cluster.provider}) is up: export KUBECONFIG={cluster.kubeconfig}")
        return 0
    if command == "down":
        take_down()
        return 0
    cluster = open_cluster()
    if command == "load":
        for file in files:
            cluster.load_image(file)
    elif command == "images":
        images.ensure(cluster)
        print(images.OPERATOR_IMAGE, images.REGISTRY_IMAGE, sep="\n")
    elif command == "status":
        return _status(cluster)
    else:
        print(_answer(cluster, command))
    return 0


def _status(cluster: Cluster) -> int:
    found = cluster.status()
    print("\n".join(found) or f"cluster {cluster.settings.name} ({cluster.provider}) is well")
    return 1 if found else 0


def _answer(cluster: Cluster, command: str) -> str:
    if command == "env":
        return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in cluster.environment().items())
    if command == "kubeconfig":
        return str(cluster.kubeconfig)
    if command == "kubectl":
        return str(cluster.kubectl)
    return cluster.node_address() if command == "node-address" else cluster.host_address()
