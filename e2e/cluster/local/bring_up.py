"""Starts a node and judges a running one. Rule: a cluster counts as up only when its fingerprint was written, last."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from e2e.cluster.commands import run, succeeds, tail, wait_for
from e2e.cluster.errors import ClusterError
from e2e.cluster.local import addons, api, cgroups, configurations, host, init, pki
from e2e.cluster.local.components import KUBECONFIGS, components
from e2e.cluster.local.images import load_archive
from e2e.cluster.local.node import Node
from e2e.cluster.progress import say
from e2e.cluster.settings import Settings

READY_SECONDS = 300
HEAL_SECONDS = 60


def fingerprint(node: Node) -> str:
    """Hash over all that the node is started with: programs, arguments, configuration, add-ons."""
    parts = [
        asdict(node),
        configurations.files(node),
        [component.argv for component in components(node)],
        addons.render(node.network),
    ]
    return hashlib.sha256(json.dumps(parts, default=str, sort_keys=True).encode()).hexdigest()


def kubeconfig(settings: Settings) -> Path:
    """The administrator's kubeconfig."""
    return settings.run_directory / "kubeconfig"


def problems(node: Node) -> list[str]:
    """What is wrong with the cluster, a line each: processes that do not run, else what the API server tells."""
    report = node.run / "components.json"
    running = json.loads(report.read_text())["running"] if report.exists() else {}
    stopped = [component.name for component in components(node) if component.name not in running]
    return [f"not running: {', '.join(stopped)}"] if stopped else api.problems(node)


def is_well(settings: Settings, programs: dict[str, str]) -> bool:
    """Whether the cluster that should run does; a limping one gets a while to heal itself."""
    mark = settings.run_directory / "fingerprint"
    whole = mark.exists() and kubeconfig(settings).exists() and host.linked(settings)
    if not whole or not host.node_processes(settings):
        return False
    node = Node.load(settings.run_directory)
    if mark.read_text() != fingerprint(Node.of(settings, programs, node.snapshotter)):
        say("the running cluster was started with other programs or settings than these: it is replaced")
        return False
    host.route(settings)
    found = problems(node)
    if not found:
        return True
    say(f"the cluster is not well ({'; '.join(found)}), waiting up to {HEAL_SECONDS}s for it to heal")
    try:
        wait_for("healing", lambda: not problems(node), seconds=HEAL_SECONDS, delay=0.5)
    except ClusterError:
        return False
    return True


def start(settings: Settings, programs: dict[str, str], archives: list[Path]) -> None:
    """Start the node from nothing and wait until it is of use; a failure carries the logs' last words."""
    host.refuse_taken_addresses(settings.network)
    settings.run_directory.mkdir(parents=True, mode=0o700)
    node = Node.of(settings, programs, host.working_snapshotter(settings.run_directory))
    try:
        _write_files(settings, node)
        cgroups.make(node.cgroup)
        host.link(settings, host.launch(settings))
        _wait_until_ready(settings, node, archives)
    except ClusterError as error:
        raise ClusterError(f"{error}\n{last_words(node)}") from error
    (node.run / "fingerprint").write_text(fingerprint(node))


def _write_files(settings: Settings, node: Node) -> None:
    init.prepare_directories(node)
    pki.write_pki(node.pki, node.name, node.network)
    for name in KUBECONFIGS:
        pki.write_kubeconfig(node.configuration / f"{name}.kubeconfig", node.pki, name, node.api_url)
    pki.write_kubeconfig(kubeconfig(settings), node.pki, "admin", node.api_url)
    for name, content in configurations.files(node).items():
        (node.configuration / name).write_text(content)
    host.make_mount_points(node)
    node.save()


def _wait_until_ready(settings: Settings, node: Node, archives: list[Path]) -> None:
    def alive() -> None:
        if not host.node_processes(settings):
            raise ClusterError("the node's first process ended")

    def containerd_answers() -> bool:
        alive()
        return node.socket.exists() and succeeds([node.programs["ctr"], "-a", node.socket, "version"])

    def api_ready() -> bool:
        alive()
        return api.is_ready(node)

    wait_for("containerd", containerd_answers, seconds=READY_SECONDS)
    for archive in archives:
        load_archive(node, archive)
    wait_for("the API server", api_ready, seconds=READY_SECONDS)
    say("the API server is ready")
    run(
        [node.programs["kubectl"], "apply", "--server-side", "-f", "-"],
        env={"KUBECONFIG": str(kubeconfig(settings))},
        stdin=addons.render(node.network),
    )
    wait_for("the node, DNS and volumes", lambda: not problems(node), seconds=READY_SECONDS, delay=0.2)


def last_words(node: Node) -> str:
    """The ends of the components' logs."""
    logs = [path for path in sorted(node.logs.glob("*.log")) if path.name != "audit.log"]
    return "\n".join(f"--- {log.name}\n{tail(log.read_text(errors='replace'), 5)}" for log in logs)
