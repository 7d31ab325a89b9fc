"""The host's side of the node: start it, link it, end it. Rule: touch only what carries this cluster's names.

The node's namespaces have no names: they belong to one `unshare` process and end with it. That process is found by its
command line, which holds the cluster's run directory, so no file that could be stale decides what is killed.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from e2e.cluster.commands import run, succeeds, wait_for
from e2e.cluster.errors import ClusterError
from e2e.cluster.local import cgroups
from e2e.cluster.local.init import MOUNTED_OVER
from e2e.cluster.local.node import Node
from e2e.cluster.settings import REPOSITORY, Network, Settings

INIT = "e2e.cluster.local.init"
NAMESPACES = ("net", "mnt", "uts", "ipc")


def node_processes(settings: Settings) -> list[int]:
    """Process ids of the node's `unshare` and of its PID 1, as the host sees them; oldest first."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):  # gone since listed
                arguments = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
                if INIT in arguments and str(settings.run_directory) in arguments:
                    found.append(int(entry.name))
    return sorted(found)


def launch(settings: Settings) -> int:
    """Start the node's PID 1 in new namespaces; returns the id of the `unshare` process that holds them."""
    with (settings.run_directory / "log" / "init.log").open("ab") as log:
        process = subprocess.Popen(
            [
                *("unshare", "--net", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child"),
                *("--mount-proc", "--propagation", "private"),
                *(sys.executable, "-m", INIT, str(settings.run_directory)),
            ],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    ours = Path("/proc/self/ns/net").readlink()

    def separated() -> bool:
        if process.poll() is not None:
            raise ClusterError(f"the node ended at once; see {settings.run_directory}/log/init.log")
        return Path(f"/proc/{process.pid}/ns/net").readlink() != ours

    wait_for("the node's namespaces", separated, seconds=10, delay=0.02)
    return process.pid


def link(settings: Settings, pid: int) -> None:
    """Join host and node (whose namespace `pid` is in) by a veth, and route the cluster's ranges to the node."""
    run(["ip", "link", "add", settings.host_interface, "type", "veth", "peer", "name", "eth0", "netns", str(pid)])
    route(settings)


def linked(settings: Settings) -> bool:
    """Whether the host's end of the link is there."""
    return Path("/sys/class/net", settings.host_interface).exists()


def route(settings: Settings) -> None:
    """Give the host's end its address and routes; changes nothing where they are."""
    name, network = settings.host_interface, settings.network
    prefix = network.link.rpartition("/")[2]
    run(["ip", "address", "replace", f"{network.host_ip}/{prefix}", "dev", name])
    run(["ip", "link", "set", name, "up"])
    for destination in (network.pods, network.services):
        run(["ip", "route", "replace", destination, "via", network.node_ip, "dev", name])


def refuse_taken_addresses(network: Network) -> None:
    """Raise when this machine already routes some of the cluster's addresses elsewhere."""
    routes = run(["ip", "-4", "route", "show", "table", "main", "root", network.subnet]).split("\n")
    taken = [route.strip() for route in routes if route.strip()]
    if taken:
        raise ClusterError(
            f"this machine already uses part of {network.subnet}: {taken[0]!r}. Set WHARFINGER_SUBNET to a free "
            "private range (or end another cluster, by `python -m e2e.cluster down` with its WHARFINGER_CLUSTER)"
        )


def working_snapshotter(directory: Path) -> str:
    """`overlayfs` where the file system of `directory` can carry it, else the slow `native`."""
    probe = directory / "overlay-probe"
    for name in ("lower", "upper", "work", "merged"):
        (probe / name).mkdir(parents=True, exist_ok=True)
    options = f"lowerdir={probe}/lower,upperdir={probe}/upper,workdir={probe}/work"
    script = ["mount", "-t", "overlay", "overlay", "-o", options, str(probe / "merged")]
    # In a mount namespace of its own, so that nothing is left to unmount.
    works = succeeds(["unshare", "--mount", "--propagation", "private", *script])
    shutil.rmtree(probe)
    return "overlayfs" if works else "native"


def make_mount_points(node: Node) -> None:
    """Make the fixed directories that the node mounts over, remembering which were not there."""
    made = [path for path in MOUNTED_OVER if not Path(path).exists()]
    for path in made:
        Path(path).mkdir(parents=True)
    (node.run / "made-directories").write_text("\n".join(made))


def tear_down(settings: Settings) -> None:
    """End the node and remove its link, control group and run directory, in whatever state they are."""
    processes = node_processes(settings)
    # The namespace is known by its first process only; what is in it may outlive that for a moment.
    spaces = {space for pid in processes if (space := _pid_namespace(pid))} - {_pid_namespace(os.getpid())}
    _kill(processes)  # unshare ignores SIGTERM; PID 1's end ends all the rest

    def ended() -> bool:
        _reap()
        rest = [*node_processes(settings), *_inhabitants(spaces)]
        _kill(rest)
        return not rest

    wait_for("the end of the node's processes", ended, seconds=30)
    if linked(settings):
        with suppress(ClusterError):  # it may vanish with the node's namespace meanwhile
            run(["ip", "link", "delete", settings.host_interface])
    cgroups.remove(settings.cgroup)
    _remove_made_directories(settings)

    def removed() -> bool:
        shutil.rmtree(settings.run_directory, ignore_errors=True)
        return not settings.run_directory.exists()

    wait_for(f"removing {settings.run_directory}", removed, seconds=30, delay=0.3)


def _pid_namespace(pid: int) -> str:
    """The PID namespace that a process is in; empty when it is gone."""
    with suppress(OSError):
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    return ""


def _inhabitants(spaces: set[str]) -> list[int]:
    """Processes in any of these PID namespaces."""
    numbers = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()] if spaces else []
    return [pid for pid in numbers if _pid_namespace(pid) in spaces]


def _kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _reap() -> None:
    """Take leave of our own `unshare`, if it was this run that started it."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _remove_made_directories(settings: Settings) -> None:
    """Remove the empty mount points that we made, unless another cluster may be mounted over them."""
    record = settings.run_directory / "made-directories"
    others = [path for path in settings.run_directory.parent.glob("*/node.json") if path.parent != record.parent]
    if not record.exists() or others:
        return
    for path in filter(None, record.read_text().split("\n")):
        with suppress(OSError):  # not empty: somebody uses it now
            Path(path).rmdir()
