"""The registry that people come from: CNCF Distribution as Debian packages it (docker-registry), run for a test.

Rule: unpacked into a directory of the test's own, never installed: no service starts on this machine.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from e2e.cluster.commands import run
from e2e.kubectl import eventually

PROGRAM = "WHARFINGER_DISTRIBUTION"
"""Environment variable: another build of the program to test with."""


def distribution_program(target: Path) -> Path:
    """The program, unpacked below `target`."""
    if other := os.environ.get(PROGRAM):
        return Path(other)
    target.mkdir(parents=True, exist_ok=True)
    download = ["apt-get", "download", "-q", "docker-registry"]
    if subprocess.run(download, cwd=target, capture_output=True, check=False).returncode:
        run(["apt-get", "update", "-q"])
        subprocess.run(download, cwd=target, check=True)
    (package,) = target.glob("docker-registry_*.deb")
    subprocess.run(["dpkg-deb", "-x", str(package), str(target)], check=True)
    return target / "usr" / "bin" / "docker-registry"


@contextlib.contextmanager
def distribution(program: Path, volume: Path) -> Iterator[str]:
    """A running registry that keeps its data in `volume`; its HOST:PORT."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        host = f"127.0.0.1:{free.getsockname()[1]}"
    config = {
        "version": "0.1",
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(volume)}, "delete": {"enabled": True}},
        "http": {"addr": host},
    }
    file = volume.with_name("distribution.yml")
    file.write_text(json.dumps(config))
    with serving([str(program), "serve", str(file)], f"http://{host}/v2/"):
        yield host


@contextlib.contextmanager
def serving(command: list[str], url: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that serves `url`, until the end of the block."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            eventually("the registry answers", lambda: _answers(url) or None, timeout=30)
            yield process
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - an address on loopback
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
