"""A `wharf serve` of its own for tests that need a registry and no cluster: on loopback, with TLS and a password.

Rule: it is the program as users run it, in a process of its own; what a client trusts is only the CA made here.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import bcrypt

from e2e.clients import Login
from e2e.cluster.local.pki import Identity, write_certificates
from e2e.kubectl import eventually

USER = "alice"


@contextlib.contextmanager
def serve(directory: Path, **settings: object) -> Iterator[Login]:
    """A registry in `directory`, a new one; `settings` are of the configuration file. Yields how to log in."""
    certificates = directory / "tls"
    write_certificates(certificates, {"server": Identity("wharf", server_names=["localhost", "127.0.0.1"])})
    password = secrets.token_urlsafe(16)
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(10)).decode()
    (directory / "htpasswd").write_text(f"{USER}:{hashed}\n")
    port = _free_port()
    config: dict[str, object] = {
        "address": f"127.0.0.1:{port}",
        "adminAddress": "",
        "data": str(directory / "data"),
        "tls": {"certificate": str(certificates / "server.crt"), "key": str(certificates / "server.key")},
        "auth": {"htpasswd": str(directory / "htpasswd")},
    }
    (directory / "config.yaml").write_text(json.dumps(config | settings))
    log = directory / "wharf.log"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "wharf", "serve", "--config", str(directory / "config.yaml")]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)

    def listens() -> bool:
        assert process.poll() is None, f"wharf ended: {log.read_text()[-2000:]}"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        eventually("wharf listens", listens, timeout=30)
        yield Login(f"localhost:{port}", (certificates / "ca.crt").read_text(), USER, password)
    finally:
        process.terminate()
        process.wait(timeout=40)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port
