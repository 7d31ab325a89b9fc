"""The `kind` provider: `Cluster` in a container of a Docker engine.

Rule: it touches the cluster of its name only, and no file of the user's.

KIND_NODE_IMAGE  node image (default: the one of this kind release)
KIND_CONFIG      file with further kind configuration, merged over ours
"""

import os
import platform
import re
import shutil
import time
from pathlib import Path
from urllib.parse import quote

from e2e.cluster.archive import archive_references
from e2e.cluster.builders import Builder, DockerEngine
from e2e.cluster.commands import run, succeeds, wait_for
from e2e.cluster.errors import ClusterError, CommandError, UnusableMachineError
from e2e.cluster.interface import Cluster
from e2e.cluster.kind.configuration import CERTS_D, configuration, hosts_file
from e2e.cluster.locks import locked
from e2e.cluster.progress import say, step
from e2e.cluster.registries import hosts_toml
from e2e.cluster.settings import REPOSITORY, Settings
from e2e.cluster.tools import Tools

CREATE_SECONDS = 600
READY_SECONDS = 120
HOSTS_CACHE_SECONDS = 5.5
"""containerd, as every Go program, remembers what /etc/hosts said for 5 s."""


def docker_answers() -> bool:
    """Whether a Docker engine can be used from here."""
    return shutil.which("docker") is not None and succeeds(
        ["docker", "version", "--format", "{{.Server.Version}}"], timeout=15
    )


def dockerfile_base(dockerfile: str) -> str:
    """The default of `ARG BASE_IMAGE` in the text of a Dockerfile."""
    found = re.search(r"^ARG BASE_IMAGE=(\S+)", dockerfile, re.MULTILINE)
    return found.group(1) if found else ""


class KindCluster(Cluster):
    """One node in one container."""

    provider = "kind"

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._tools = Tools(settings.cache)
        self.default_base = dockerfile_base((REPOSITORY / "registry" / "Dockerfile").read_text())

    @property
    def node(self) -> str:
        """Name of the node's container."""
        return f"{self.settings.name}-control-plane"

    @property
    def kubeconfig(self) -> Path:
        """Kubeconfig file of a cluster administrator."""
        return self.settings.run_directory / "kubeconfig"

    @property
    def kubectl(self) -> Path:
        """The node image's own kubectl (on Linux, once the cluster is up), else the one on PATH."""
        own = self.settings.run_directory / "bin" / "kubectl"
        found = shutil.which("kubectl")
        if own.exists():
            return own
        if not found:
            raise UnusableMachineError(
                "kubectl is missing: bring the cluster up, or install one within a minor version of the node image"
            )
        return Path(found)

    @property
    def builder(self) -> Builder:
        """The Docker engine."""
        return DockerEngine()

    def up(self) -> None:
        """Create the cluster, start it again, or find it well."""
        with locked(self.settings.lock_file):
            if not docker_answers():
                raise UnusableMachineError(
                    "no Docker engine answers (`docker version`): start one, or use CLUSTER=local on Linux as root"
                )
            if self.status() and not self._mend():
                self._create()

    def down(self) -> None:
        """Delete the cluster and what we keep of it."""
        with locked(self.settings.lock_file):
            if docker_answers() and self._exists():
                with step(f"deleting kind cluster {self.settings.name}"):
                    self._kind("delete", "cluster", "--kubeconfig", self.kubeconfig)
            else:
                say(f"kind cluster {self.settings.name} is not up")
            shutil.rmtree(self.settings.run_directory, ignore_errors=True)

    def status(self) -> list[str]:
        """What is wrong, a line each."""
        if not self.kubeconfig.exists() or not self._running():
            return [f"kind cluster {self.settings.name} is not up; `python -m e2e.cluster up` brings it up"]
        answer = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}'
        try:
            ready = self._kubectl("get", "node", self.node, "-o", answer)
        except ClusterError as error:
            return [f"the API server does not answer: {error}"]
        return [] if ready == "True" else [f"node {self.node} is not Ready"]

    def load_image(self, archive: Path) -> None:
        """Load an archive with kind, unless this node has these very images already."""
        loaded = self.settings.run_directory / "loaded"
        loaded.mkdir(parents=True, exist_ok=True)
        marks = {loaded / quote(name, safe=""): identity for name, identity in archive_references(archive).items()}
        with locked(self.settings.lock_file):
            if all(mark.exists() and mark.read_text() == identity for mark, identity in marks.items()):
                return
            with step(f"loading {archive.name}"):
                self._kind("load", "image-archive", archive)
            for mark, identity in marks.items():
                mark.write_text(identity)

    def node_address(self) -> str:
        """The node container's address in Docker's network; this machine reaches it where Docker runs on Linux."""
        return self._inspect("{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}").split()[0]

    def host_address(self) -> str:
        """The gateway of Docker's network."""
        return self._inspect("{{range .NetworkSettings.Networks}}{{.Gateway}} {{end}}").split()[0]

    def trust_registry(self, host: str, ca_pem: str, address: str = "") -> None:
        """Write containerd's `certs.d` entry in the node, and the name's address: its DNS is Docker's, not ours."""
        directory = f"{CERTS_D}/{host}"
        self._in_node("mkdir", "-p", directory)
        self._write_in_node(f"{directory}/ca.crt", ca_pem)
        self._write_in_node(f"{directory}/hosts.toml", hosts_toml(host, f"{directory}/ca.crt"))
        if address:
            current = self._in_node("cat", "/etc/hosts")
            wanted = hosts_file(current, host, address)
            if wanted != current:
                self._write_in_node("/etc/hosts", wanted)
                time.sleep(HOSTS_CACHE_SECONDS)

    def _create(self) -> None:
        if self._exists():
            with step(f"deleting kind cluster {self.settings.name}, which cannot be mended"):
                self._kind("delete", "cluster", "--kubeconfig", self.kubeconfig)
        shutil.rmtree(self.settings.run_directory, ignore_errors=True)
        self.settings.run_directory.mkdir(parents=True, mode=0o700)
        file = self.settings.run_directory / "kind.yaml"
        extra = os.environ.get("KIND_CONFIG", "")
        version = run(["docker", "info", "--format", "{{.CgroupVersion}}"]).strip()
        file.write_text(configuration(cgroup_version=version, extra=_read_extra(extra)))
        image = os.environ.get("KIND_NODE_IMAGE", "")
        with step(f"creating kind cluster {self.settings.name}"):
            arguments: list[str | Path] = ["--config", file, "--kubeconfig", self.kubeconfig]
            arguments += ["--wait", f"{READY_SECONDS}s", *(["--image", image] if image else [])]
            try:
                self._kind("create", "cluster", *arguments)
            except CommandError as error:
                shutil.rmtree(self.settings.run_directory)
                raise UnusableMachineError(
                    f"kind cannot make a cluster with this Docker engine. {_remedy(error.output)}"
                    f"Or use CLUSTER=local on Linux as root.\n{error}"
                ) from error
        self._keep_kubectl()

    def _mend(self) -> bool:
        """Start a stopped node (the machine was rebooted) and wait for it; whether the cluster is well then."""
        if not self._exists() or not self.kubeconfig.exists():
            return False
        with step(f"waiting for kind cluster {self.settings.name} to heal"):
            if not self._running():
                run(["docker", "start", self.node])
            try:
                wait_for("the cluster", lambda: not self.status(), seconds=READY_SECONDS, delay=1)
            except ClusterError:
                return False
        return True

    def _keep_kubectl(self) -> None:
        if platform.system() == "Linux":
            place = self._in_node("sh", "-c", 'readlink -f "$(command -v kubectl)"').strip()
            target = self.settings.run_directory / "bin" / "kubectl"
            target.parent.mkdir(exist_ok=True)
            run(["docker", "cp", f"{self.node}:{place}", target])

    def _exists(self) -> bool:
        return succeeds(["docker", "container", "inspect", self.node])

    def _running(self) -> bool:
        try:
            return self._inspect("{{.State.Running}}") == "true"
        except ClusterError:
            return False

    def _inspect(self, template: str) -> str:
        return run(["docker", "container", "inspect", "--format", template, self.node]).strip()

    def _kind(self, *arguments: str | Path) -> str:
        program = shutil.which("kind")
        if not program:
            self._tools.ensure(["kind"])
            program = str(self._tools.path("kind"))
        return run([program, *arguments, "--name", self.settings.name], timeout=CREATE_SECONDS)

    def _kubectl(self, *arguments: str) -> str:
        return run([self.kubectl, "--kubeconfig", self.kubeconfig, "--request-timeout=5s", *arguments], timeout=30)

    def _in_node(self, *command: str) -> str:
        return run(["docker", "exec", self.node, *command])

    def _write_in_node(self, path: str, text: str) -> None:
        # tee writes into the file that is there: /etc/hosts is a mount and cannot be replaced.
        run(["docker", "exec", "--interactive", self.node, "tee", path], stdin=text)


def _read_extra(path: str) -> str:
    if not path:
        return ""
    try:
        return Path(path).read_text()
    except OSError as error:
        raise ClusterError(f"KIND_CONFIG={path} cannot be read: {error}; give the path of a YAML file") from error


def _remedy(output: str) -> str:
    """What to do about a `kind create cluster` that printed `output`."""
    if "failed to pull image" in output:
        return "Give a node image that the engine has as KIND_NODE_IMAGE. "
    return "Read what it says below. "
