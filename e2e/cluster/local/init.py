"""PID 1 of the node: sets up mounts and network inside the namespaces, then keeps the components running.

Rule: it runs only inside fresh net, mount, pid, uts and ipc namespaces (it refuses otherwise), and ends with them.
Run by `launch` as `python -m e2e.cluster.local.init RUN_DIRECTORY`.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from e2e.cluster.commands import run, wait_for
from e2e.cluster.errors import ClusterError
from e2e.cluster.local import api
from e2e.cluster.local.components import Component, components
from e2e.cluster.local.configurations import CNI_CONFIGURATION
from e2e.cluster.local.node import Node

LINK_SECONDS = 60
API_SECONDS = 300
RESTART_SECONDS = 0.5
MOUNTED_OVER = {"/var/lib/kubelet": "kubelet", "/var/lib/cni": "var-lib-cni", "/var/log": "var-log"}
"""Fixed paths of Kubernetes and CNI -> directory in the run directory that lies over them, in the node only."""


def main() -> int:
    """Become the node; returns only when the node cannot be set up."""
    if os.getpid() != 1:
        print("this is PID 1 of a test node; `python -m e2e.cluster up` starts it", file=sys.stderr)
        return 2
    node = Node.load(Path(sys.argv[1]))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        socket.sethostname(node.name)
        set_up_network(node)
        set_up_mounts(node)
        Supervisor(node).work()
    except ClusterError as error:
        print(f"init: {error}", file=sys.stderr, flush=True)
    return 1


def set_up_network(node: Node) -> None:
    """Wait for our end of the link and give it its address; nothing leads out of the node but the link itself."""
    wait_for(
        "the link to the host", lambda: "eth0" in {name for _, name in socket.if_nameindex()}, seconds=LINK_SECONDS
    )
    prefix = node.network.link.rpartition("/")[2]
    for command in (
        "link set lo up",
        f"address add {node.network.node_ip}/{prefix} dev eth0",
        "link set eth0 up",
        # Service addresses exist in iptables only; a process of the node needs some route to get that far.
        "link add services type bridge",
        "link set services up",
        f"route add {node.network.services} dev services src {node.network.node_ip}",
        "route add unreachable default",
    ):
        run(["ip", *command.split()])
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def set_up_mounts(node: Node) -> None:
    """Give the node its own /run, fixed directories and resolv.conf; the host sees none of it."""
    run(["mount", "--make-rprivate", "/"])
    run(["mount", "-t", "tmpfs", "tmpfs", "/run"])
    for directory in ("/run/netns", "/run/lock", "/run/containerd"):
        Path(directory).mkdir()
    for path, directory in MOUNTED_OVER.items():
        run(["mount", "--bind", node.run / directory, path])
    place_resolv_conf(node.configuration / "resolv.conf")
    # Volumes mounted by kubelet must show in containers that ask for propagation.
    run(["mount", "--make-rshared", "/"])


def place_resolv_conf(ours: Path) -> None:
    """Put our resolv.conf in force; /etc/resolv.conf may be a link to below /run, which is empty by now."""
    target = Path("/etc/resolv.conf").resolve()
    if target.is_relative_to("/run"):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(ours.read_text())
    else:
        run(["mount", "--bind", ours, target])


class Supervisor:
    """Starts the components in order and starts again each that ends."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._running: dict[int, Component] = {}
        self._restarts: dict[str, int] = {}
        tools = [str(Path(node.programs[name]).parent) for name in ("containerd", "runc")]
        # containerd takes its shim from PATH: its own release's must come first.
        self._environment = {**os.environ, "PATH": os.pathsep.join([*tools, os.environ["PATH"]])}

    def work(self) -> None:
        """Run for ever."""
        waited = False
        for component in components(self._node):
            if component.needs_api and not waited:
                wait_for("the API server", lambda: api.is_ready(self._node), seconds=API_SECONDS, delay=0.2)
                waited = True
            self._start(component)
        while True:
            self._reap()

    def _start(self, component: Component) -> None:
        log = (self._node.logs / f"{component.name}.log").open("ab")
        with log:
            process = subprocess.Popen(
                component.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                cwd=self._node.run,
            )
        self._running[process.pid] = component
        # We reap by os.wait below, orphans too: the object must not try to.
        process.returncode = 0
        self._report()

    def _reap(self) -> None:
        pid, status = os.wait()
        component = self._running.pop(pid, None)
        if component is None:
            return
        self._restarts[component.name] = self._restarts.get(component.name, 0) + 1
        self._report()
        print(f"init: {component.name} ended ({os.waitstatus_to_exitcode(status)}), starting it again", flush=True)
        time.sleep(RESTART_SECONDS)
        self._start(component)

    def _report(self) -> None:
        report = {
            "running": {component.name: pid for pid, component in self._running.items()},
            "restarts": self._restarts,
        }
        partial = self._node.run / "components.partial"
        partial.write_text(json.dumps(report))
        partial.rename(self._node.run / "components.json")


def prepare_directories(node: Node) -> None:
    """Make every directory that PID 1 expects; done by the host side, before it starts."""
    for name in (*MOUNTED_OVER.values(), "etcd", "containerd"):
        (node.run / name).mkdir(parents=True, exist_ok=True)
    for directory in (node.logs, node.certs_d, node.configuration / CNI_CONFIGURATION):
        directory.mkdir(parents=True, exist_ok=True)


if __name__ == "__main__":
    sys.exit(main())
