"""A containerd of a test's own, and `ctr`, its client."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from e2e.clients import Login
from e2e.cluster.archive import architecture
from e2e.kubectl import CommandError, eventually, run
from e2e.programs import program

SNAPSHOTTER = "native"  # plain directories: no kernel refuses them, wherever the test's directory is


@contextlib.contextmanager
def containerd(directory: Path, at: Login) -> Iterator[Callable[..., str]]:
    """Start one that trusts the registry; yields what runs `ctr`, which logs in where it is told `login=True`."""
    directory.mkdir(parents=True, exist_ok=True)
    address, log = directory / "sock", directory / "containerd.log"
    (directory / "config.toml").write_text(_configuration(directory, address))
    hosts = directory / "hosts" / at.host
    hosts.mkdir(parents=True)
    (hosts / "ca.crt").write_text(at.ca)
    (hosts / "hosts.toml").write_text(f'server = "https://{at.host}"\nca = "{hosts / "ca.crt"}"\n')
    with log.open("wb") as output:
        command = [str(program("containerd")), "--config", str(directory / "config.toml")]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)

    def ctr(*arguments: str, login: bool = False) -> str:
        command = [str(program("ctr")), "-a", str(address), *arguments[:2]]
        if arguments[1:2] in (("pull",), ("push",)):
            command += ["--hosts-dir", str(hosts.parent)]
        if login:
            return _typed([*command, "--user", at.user, *arguments[2:]], at.password)
        return run([*command, *arguments[2:]])

    def answers() -> bool:
        assert process.poll() is None, f"containerd ended: {log.read_text()[-2000:]}"
        return "Server" in ctr("version")

    try:
        eventually("containerd answers", answers, timeout=60, pause=0.5)
        yield ctr
    finally:
        process.terminate()
        process.wait(20)


def _configuration(directory: Path, address: Path) -> str:
    unused = ["io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime", "io.containerd.grpc.v1.cri"]
    return f"""version = 3
root = "{directory}/root"
state = "{directory}/state"
disabled_plugins = {json.dumps(unused)}
[grpc]
  address = "{address}"
[plugins."io.containerd.transfer.v1.local"]
  [[plugins."io.containerd.transfer.v1.local".unpack_config]]
    platform = "linux/{architecture()}"
    snapshotter = "{SNAPSHOTTER}"
"""


def _typed(command: list[str], password: str) -> str:
    """Run a program that asks for a password on its terminal. Raises CommandError when it fails."""
    terminal, inside = pty.openpty()
    try:
        with subprocess.Popen(
            command, stdin=inside, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            os.write(terminal, f"{password}\n".encode())
            output, _ = process.communicate(timeout=120)
    finally:
        os.close(terminal)
        os.close(inside)
    if process.returncode:
        raise CommandError(command, output)
    return output
