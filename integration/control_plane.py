"""etcd and kube-apiserver, the two programs that make a cluster's API, on free ports of loopback.

Rule: started as a cluster starts them (RBAC, default admission, an audit log), but for what only a node would need.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from e2e.cluster.commands import tail, wait_for
from e2e.cluster.errors import ClusterError
from e2e.cluster.local.configurations import audit_policy
from e2e.cluster.local.pki import write_kubeconfig, write_pki
from e2e.cluster.settings import DEFAULT_SUBNET, Network, Settings
from e2e.cluster.tools import Tools

START_SECONDS = 60.0
PROGRAMS = ("etcd", "kube-apiserver")


@dataclass(frozen=True)
class ControlPlane:
    """A running API server: where it is, and what it keeps on disk."""

    directory: Path
    port: int

    @property
    def url(self) -> str:
        """Where the API server serves."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def pki(self) -> Path:
        """The CA (`ca.crt`) and the administrator's certificate (`admin.crt`, `admin.key`)."""
        return self.directory / "pki"

    @property
    def audit_log(self) -> Path:
        """What was asked of the API server, a JSON object a line."""
        return self.directory / "audit.log"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's, for people who want to look."""
        return self.directory / "kubeconfig"

    def trust(self) -> ssl.SSLContext:
        """How the administrator connects."""
        context = ssl.create_default_context(cafile=str(self.pki / "ca.crt"))
        context.load_cert_chain(self.pki / "admin.crt", self.pki / "admin.key")
        return context

    def ready(self) -> bool:
        """Whether the API server serves."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=2, context=self.trust())
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


@contextmanager
def control_plane() -> Iterator[ControlPlane]:
    """Start both programs (built on first use), and end them afterwards."""
    tools = Tools(Settings.read().cache)
    tools.ensure(PROGRAMS)
    directory = Path(tempfile.mkdtemp(prefix="wharfinger-"))
    found = ControlPlane(directory, free_port())
    write_pki(found.pki, "none", Network.within(DEFAULT_SUBNET))
    write_kubeconfig(found.kubeconfig, found.pki, "admin", found.url)
    (directory / "audit.yaml").write_text(audit_policy())
    keeper = [sys.executable, "-m", "integration.keeper", str(directory)]
    with subprocess.Popen(keeper, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps(_commands(found, tools)) + "\n")
        process.stdin.flush()
        try:
            wait_for("the API server", found.ready, seconds=START_SECONDS)
            yield found
        except ClusterError as error:
            logs = (tail((directory / f"{name}.log").read_text(errors="replace"), 10) for name in PROGRAMS)
            raise ClusterError("\n".join((str(error), *logs))) from error


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _commands(plane: ControlPlane, tools: Tools) -> dict[str, list[str]]:
    client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    etcd = [
        str(tools.path("etcd")),
        "--name=node",
        f"--data-dir={plane.directory}/etcd",
        "--unsafe-no-fsync",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=node={peer}",
        "--log-level=warn",
    ]
    apiserver = [
        str(tools.path("kube-apiserver")),
        f"--etcd-servers={client}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        f"--secure-port={plane.port}",
        f"--tls-cert-file={plane.pki}/apiserver.crt",
        f"--tls-private-key-file={plane.pki}/apiserver.key",
        f"--client-ca-file={plane.pki}/ca.crt",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={plane.pki}/sa.pub",
        f"--service-account-signing-key-file={plane.pki}/sa.key",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--authorization-mode=RBAC",
        # Nobody makes the ServiceAccount that a pod without one gets, and nobody takes a claim's finalizer off.
        "--disable-admission-plugins=ServiceAccount,StorageObjectInUseProtection",
        f"--audit-policy-file={plane.directory}/audit.yaml",
        f"--audit-log-path={plane.audit_log}",
        "--profiling=false",
    ]
    return {"etcd": etcd, "kube-apiserver": apiserver}
