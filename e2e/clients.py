"""The clients that people use, run as they run them: skopeo, podman, docker, and plain HTTPS.

Rule: a password goes to a program by standard input or a file of mode 0600, never as an argument; each client trusts
exactly the registry's CA.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from e2e.cluster.debian import ENGINE_PACKAGES, unpack_packages
from e2e.cluster.settings import Settings
from e2e.kubectl import Kubectl, eventually, run


@dataclass(frozen=True)
class Login:
    """A registry as a client reaches it. `host` has the port; `ca` is PEM text."""

    host: str
    ca: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


def login(kubectl: Kubectl, registry: str, namespace: str, host: str, user: str = "admin") -> Login:
    """What a user reads from the Secrets and the ConfigMap of a Registry."""
    secret = kubectl.get("secret", f"{registry}-user-{user}", namespace)
    assert secret is not None, f"no Secret {registry}-user-{user}"
    ca = kubectl.get("configmap", f"{registry}-ca", namespace)
    assert ca is not None, f"no ConfigMap {registry}-ca"
    password = base64.b64decode(secret["data"]["password"]).decode()
    return Login(host, ca["data"]["ca.crt"], user, password)


@contextlib.contextmanager
def port_forward(kubectl: Kubectl, service: str, namespace: str, port: int = 443) -> Iterator[str]:
    """`kubectl port-forward` to a Service; yields localhost:PORT."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        local = free.getsockname()[1]
    process = subprocess.Popen(
        [kubectl.program, "--kubeconfig", kubectl.kubeconfig, "port-forward", "-n", namespace, f"service/{service}",
         f"{local}:{port}"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)  # fmt: skip

    def listens() -> bool:
        assert process.poll() is None, f"port-forward ended: {process.stderr.read() if process.stderr else ''}"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", local)) == 0

    try:
        eventually("the forwarded port listens", listens, timeout=20)
        yield f"localhost:{local}"
    finally:
        process.kill()
        process.communicate()


def request(
    at: Login, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None, auth: bool = True
) -> Answer:
    """One HTTPS request, with Basic credentials unless `auth` is False."""
    host, _, port = at.host.rpartition(":")
    context = ssl.create_default_context(cadata=at.ca)
    connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=20)
    sent = dict(headers or {})
    if auth:
        sent["Authorization"] = "Basic " + base64.b64encode(f"{at.user}:{at.password}".encode()).decode()
    try:
        connection.request(method, path, body=body or None, headers=sent)
        answer = connection.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


class Skopeo:
    """skopeo, with a directory of its own for the CA and the credentials."""

    def __init__(self, at: Login, directory: Path) -> None:
        self.at, self.certs, self.authfile = at, directory / "certs", directory / "auth.json"
        self.certs.mkdir(parents=True, exist_ok=True)
        (self.certs / "ca.crt").write_text(at.ca)

    def login(self) -> None:
        """`skopeo login`."""
        run(["skopeo", "login", "--authfile", str(self.authfile), "--cert-dir", str(self.certs), "-u", self.at.user,
             "--password-stdin", self.at.host], stdin=self.at.password)  # fmt: skip

    def push(self, source: str, repository: str) -> str:
        """Copy `source` (skopeo's notation) to `repository` (name:tag); the digest that was pushed."""
        digest = self.authfile.with_name("digest")
        run(["skopeo", "copy", "--quiet", "--authfile", str(self.authfile), "--dest-cert-dir", str(self.certs),
             "--digestfile", str(digest), source, f"docker://{self.at.host}/{repository}"])  # fmt: skip
        return digest.read_text().strip()

    def pull(self, repository: str, target: str) -> None:
        """Copy `repository` to `target` (skopeo's notation)."""
        run(["skopeo", "copy", "--quiet", "--authfile", str(self.authfile), "--src-cert-dir", str(self.certs),
             f"docker://{self.at.host}/{repository}", target])  # fmt: skip

    def tags(self, repository: str) -> list[str]:
        """`skopeo list-tags`."""
        text = run(["skopeo", "list-tags", "--authfile", str(self.authfile), "--cert-dir", str(self.certs),
                    f"docker://{self.at.host}/{repository}"])  # fmt: skip
        tags: list[str] = json.loads(text)["Tags"]
        return tags

    def delete(self, repository: str) -> None:
        """`skopeo delete`: the manifest behind a tag, and with it every tag that points at it."""
        run(["skopeo", "delete", "--authfile", str(self.authfile), "--cert-dir", str(self.certs),
             f"docker://{self.at.host}/{repository}"])  # fmt: skip


class Podman:
    """podman, with storage of its own."""

    def __init__(self, at: Login, directory: Path) -> None:
        self.at, self.directory = at, directory
        self.base = ["podman", "--root", str(directory / "root"), "--runroot", str(directory / "run"),
                     "--storage-driver", "vfs"]  # fmt: skip
        self.trust = ["--authfile", str(directory / "auth.json"), "--cert-dir", str(directory / "certs")]
        (directory / "certs").mkdir(parents=True, exist_ok=True)
        (directory / "certs" / "ca.crt").write_text(at.ca)

    def __call__(self, *args: str, stdin: str = "") -> str:
        return run([*self.base, *args], stdin=stdin)

    def login(self) -> None:
        """`podman login`."""
        self("login", *self.trust, "-u", self.at.user, "--password-stdin", self.at.host, stdin=self.at.password)


def engine_path() -> str:
    """The PATH that has a Docker engine: the machine's own, or one that is unpacked into the cache."""
    path = os.environ["PATH"]
    if shutil.which("dockerd"):
        return path
    unpacked = unpack_packages(ENGINE_PACKAGES, Settings.read().cache / "engine")
    return os.pathsep.join([*map(str, unpacked), path])


@contextlib.contextmanager
def docker_engine(directory: Path, at: Login) -> Iterator[dict[str, str]]:
    """A Docker engine that trusts the registry; yields the environment for the `docker` client.

    It is one of our own, in a mount namespace of its own: the trust of an engine lies under /etc/docker, and a test
    leaves nothing there.
    """
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "ca.crt").write_text(at.ca)
    sock, log = directory / "docker.sock", directory / "dockerd.log"
    environment = {**os.environ, "PATH": engine_path(), "DOCKER_HOST": f"unix://{sock}"}
    environment["DOCKER_CONFIG"] = str(directory / "config")
    script = (
        'mkdir -p /etc/docker && mount -t tmpfs tmpfs /etc/docker && mkdir -p "/etc/docker/certs.d/$1" && '
        'cp "$2/ca.crt" "/etc/docker/certs.d/$1/ca.crt" && exec "$3" --host "unix://$2/docker.sock" '
        '--data-root "$2/data" --exec-root "$2/exec" --pidfile "$2/docker.pid" --storage-driver vfs '
        "--bridge none --iptables=false --ip6tables=false"
    )
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", at.host, str(directory),
             "dockerd"], stdout=output, stderr=output, env=environment)  # fmt: skip

    def answers() -> bool:
        assert process.poll() is None, f"dockerd ended: {log.read_text()[-2000:]}"
        return bool(run(["docker", "version", "--format", "{{.Server.Version}}"], env=environment).strip())

    try:
        eventually("dockerd answers", answers, timeout=60, pause=0.5)
        yield environment
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
