"""A registry in a process of its own that can be stopped, killed and started again, at the same address each time.

Rule: every wait has a deadline, and shows the registry's log when it passes.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from e2e.faults.spawner import Order

DEADLINE = 20.0


class Client:
    """Requests on one connection, made when needed. `headers` are those of the last answer, in lower case."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
        self.headers: Mapping[str, str] = {}

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        """Status and body; header names have _ for -. Raises OSError or HTTPException when the registry goes away."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            self._connection.request(method, path, body, sent)
            answer = self._connection.getresponse()
            self.headers = {name.lower(): value for name, value in answer.headers.items()}
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class Spawner:
    """The program that starts registries."""

    def __init__(self) -> None:
        self._program = subprocess.Popen(
            [sys.executable, "-m", "e2e.faults.spawner"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._asking = threading.Lock()

    def start(self, order: Order) -> int:
        """Start a registry; its process id."""
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        with self._asking:  # or one thread reads what another's registry is called
            self._program.stdin.write(json.dumps(asdict(order)) + "\n")
            self._program.stdin.flush()
            return int(self._program.stdout.readline())

    def close(self) -> None:
        """End the program, and with it every registry that it has started."""
        self._program.communicate()


class Process:
    """A registry with its data in `data`. `settings` are further fields of its configuration file."""

    def __init__(self, spawner: Spawner, data: Path, place: Path, **settings: object) -> None:
        self.data = data
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._config = place / f"registry-{self.port}.json"
        address = f"127.0.0.1:{self.port}"
        config = {"address": address, "adminAddress": "", "data": str(data), "logLevel": "warning", **settings}
        self._config.write_text(json.dumps(config))
        self._spawner = spawner
        self._pid = 0

    @property
    def pid(self) -> int:
        """The number of its process; 0 when there is none."""
        return self._pid

    @property
    def log(self) -> str:
        """What it has logged so far."""
        file = self._config.with_suffix(".log")
        return file.read_text() if file.exists() else ""

    def start(self, *, boot: str = "", impatient: bool = False, clock: str = "") -> None:
        """Start, and wait until it answers."""
        self._pid = self._spawner.start(Order(str(self._config), boot, impatient, clock))
        deadline = time.monotonic() + DEADLINE
        while not self._answers():
            assert time.monotonic() < deadline, f"the registry does not come up: {self.log[-2000:]}"
            assert self.alive(), f"the registry has ended: {self.log[-2000:]}"
            time.sleep(0.005)

    def alive(self) -> bool:
        """Whether there is such a process."""
        return bool(self._pid) and Path(f"/proc/{self._pid}").exists()

    def kill(self) -> None:
        """End it at once. Returns when it is gone."""
        self.signal(signal.SIGKILL)
        deadline = time.monotonic() + DEADLINE
        while self.alive():
            assert time.monotonic() < deadline
            time.sleep(0.001)
        self._pid = 0

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it is there."""
        if self._pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, number)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Stand still for the length of the block."""
        self.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal(signal.SIGCONT)

    def _answers(self) -> bool:
        with contextlib.closing(Client(self.port)) as client:
            try:
                return client.request("GET", "/v2/")[0] == 200
            except (OSError, http.client.HTTPException):
                return False
