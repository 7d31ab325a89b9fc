"""Starts the servers that are compared, each as it is shipped, with its log thrown away.

Rule: a server has its data in a directory of its own, is told the same users and certificate, and ends with the run.
"""

from __future__ import annotations

import getpass
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from e2e.cluster.settings import Settings
from e2e.cluster.tools import Tools

from bench.machine import Place, free_port

START_SECONDS = 20.0


class ServerError(Exception):
    """A server did not start. The message says which, and where its log is."""


@dataclass
class Server:
    """A server that runs."""

    name: str
    tls: bool
    login: bool
    port: int
    process: subprocess.Popen[bytes]
    data: Path

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """End it, with whatever it started."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def drop_files(self, size: int) -> None:
        """Remove stored files of this size, for the disk has other uses; nobody asks for them again."""
        for path in (self.data / "data").rglob("*"):
            if path.is_file() and path.stat().st_size == size:
                path.unlink()

    def memory(self, peak: bool = False) -> float:
        """Resident MB of the process and those below it; with `peak` the most since reset_peak()."""
        field = "VmHWM:" if peak else "VmRSS:"
        return sum(_status(pid, field) for pid in _family(self.process.pid)) / 1024

    def cpu(self) -> float:
        """Processor seconds that it has used so far: less a matter of what else the machine does than time is."""
        ticks = 0
        for pid in _family(self.process.pid):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def reset_peak(self) -> None:
        """Let memory(peak=True) tell of what comes now."""
        for pid in _family(self.process.pid):
            Path(f"/proc/{pid}/clear_refs").write_text("5")


Maker = Callable[[Place, Path, int, bool, bool], list[str]]
"""Writes a configuration into a directory, for a port, with TLS, with login; the command to run."""


def wharf(place: Place, data: Path, port: int, tls: bool, login: bool) -> list[str]:
    """This project's registry, on its defaults."""
    config: dict[str, object] = {"address": f"127.0.0.1:{port}", "adminAddress": "", "data": str(data / "data")}
    if login:
        config["auth"] = {"htpasswd": str(place.htpasswd)}
    if tls:
        config["tls"] = {"certificate": str(place.certificate), "key": str(place.key)}
    (data / "config.yaml").write_text(json.dumps(config))
    return [sys.executable, "-m", "wharf", "serve", "--config", str(data / "config.yaml")]


def distribution(place: Place, data: Path, port: int, tls: bool, login: bool) -> list[str]:
    """CNCF Distribution with its usual in-memory cache of blob descriptors."""
    http: dict[str, object] = {"addr": f"127.0.0.1:{port}", "secret": "bench"}
    config: dict[str, object] = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(data / "data")}, "cache": {"blobdescriptor": "inmemory"}},
        "http": http,
    }
    if login:
        config["auth"] = {"htpasswd": {"realm": "bench", "path": str(place.htpasswd)}}
    if tls:
        http["tls"] = {"certificate": str(place.certificate), "key": str(place.key)}
    (data / "config.yml").write_text(json.dumps(config))
    return [str(_built().path("registry")), "serve", str(data / "config.yml")]


def zot(place: Place, data: Path, port: int, tls: bool, login: bool) -> list[str]:
    """Zot, from the binary that the environment's ZOT names; garbage collection off, as the others have it idle."""
    http: dict[str, object] = {"address": "127.0.0.1", "port": str(port)}
    if login:
        http["auth"] = {"htpasswd": {"path": str(place.htpasswd)}}
    if tls:
        http["tls"] = {"cert": str(place.certificate), "key": str(place.key)}
    config = {"storage": {"rootDirectory": str(data / "data"), "gc": False}, "http": http, "log": {"level": "info"}}
    (data / "config.json").write_text(json.dumps(config))
    return [os.environ["ZOT"], "serve", str(data / "config.json")]


def nginx(place: Place, data: Path, port: int, tls: bool, login: bool) -> list[str]:
    """A web server that sends files as fast as this machine can; it knows nothing of registries or users."""
    del login
    (data / "data").mkdir(exist_ok=True)
    secure = f"ssl_certificate {place.certificate}; ssl_certificate_key {place.key};" if tls else ""
    (data / "nginx.conf").write_text(
        f"user {getpass.getuser()}; pid {data}/pid; error_log stderr; worker_processes auto; daemon off; events {{}}\n"
        f"http {{ sendfile on; tcp_nopush on; access_log off; client_body_temp_path {data}/t1;\n"
        f"proxy_temp_path {data}/t2; fastcgi_temp_path {data}/t3; uwsgi_temp_path {data}/t4;\n"
        f"scgi_temp_path {data}/t5;\n"
        f"server {{ listen 127.0.0.1:{port}{' ssl' if tls else ''}; {secure} root {data}/data; }} }}\n"
    )
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    return [str(program), "-p", str(data), "-c", str(data / "nginx.conf")]


MAKERS: dict[str, Maker] = {"wharf": wharf, "Distribution": distribution, "zot": zot, "nginx": nginx}


def available() -> list[str]:
    """The servers that this machine can run."""
    names = ["wharf", "Distribution"]
    if os.environ.get("ZOT"):
        names.append("zot")
    if shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin"):
        names.append("nginx")
    return names


def build(names: list[str]) -> None:
    """Have what is built from source, which takes a network."""
    if "Distribution" in names:
        _built()


def _built() -> Tools:
    tools = Tools(Settings.read().cache)
    tools.ensure(["registry"])
    return tools


def start(name: str, place: Place, *, tls: bool, login: bool, data: Path | None = None) -> Server:
    """Start a server, and return when it listens. Its data are new unless `data` names those of another start."""
    if data is None:
        data = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=place.root))
    port = free_port()
    command = MAKERS[name](place, data, port, tls, login)
    with (data / "log").open("wb") as file:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    server = Server(name, tls, login, port, process, data)
    deadline = time.monotonic() + START_SECONDS
    while not _listens(port):
        if process.poll() is not None or time.monotonic() > deadline:
            server.stop()
            raise ServerError(f"{name} did not start: {(data / 'log').read_text()[-500:]}")
        time.sleep(0.01)
    return server


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def _family(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has just ended
            for child in (task / "children").read_text().split():
                found += _family(int(child))
    return found


def _status(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1])
    return 0
