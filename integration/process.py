"""The operator as a process of its own, which can be killed.

Rule: it is the shipped program with the shipped rights (its ServiceAccount's token). Only three things are changed in
it: the port that pods report on, because the pods of these tests share one address, what its clock says, and how long
it takes for a silence to be called one, where a test asks for that.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing import connection
from pathlib import Path
from typing import Any

import aiohttp

from integration.api import eventually
from integration.control_plane import free_port
from wharfinger import cli, clock, health, runtime
from wharfinger.kube import informer
from wharfinger.observe.report import Asker

START_SECONDS = 60.0
_FORKSERVER = multiprocessing.get_context("forkserver")
_FORKSERVER.set_forkserver_preload(["integration.process"])  # imports once what takes most of a start


@dataclass
class Operator:
    """One operator process. Times are seconds."""

    kubeconfig: Path
    log: Path
    report_port: int
    environment: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)  # `silence` of a watch, and names in wharfinger.health
    fresh: bool = False  # whether it imports everything itself, as in its own container: a second or two

    def __post_init__(self) -> None:
        self.port = free_port()
        self.step = _FORKSERVER.Value("d", 0.0)  # added to what its clock says
        self._process: Any = None

    @property
    def pid(self) -> int:
        """Its process id."""
        return int(self._process.pid)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and bool(self._process.is_alive())

    def start(self) -> Operator:
        """Start it, and do not wait."""
        told = {
            "KUBECONFIG": str(self.kubeconfig),
            "WHARFINGER_ADDRESS": "127.0.0.1",
            "WHARFINGER_PORT": str(self.port),
            **self.environment,
        }
        arguments = (told, dict(self.limits), str(self.log), self.report_port, self.step)
        context = multiprocessing.get_context("spawn") if self.fresh else _FORKSERVER
        self._process = context.Process(target=_run, args=arguments, daemon=True)
        self._process.start()
        return self

    def kill(self) -> None:
        """End it at once, as an out-of-memory kill would."""
        if self.alive:
            os.kill(self.pid, signal.SIGKILL)
        self._process.join(10)

    def stop(self) -> float:
        """Ask it to stop; how long that took."""
        begun = clock.now()
        if self.alive:
            os.kill(self.pid, signal.SIGTERM)
        self._process.join(20)
        assert not self.alive, "it did not stop when it was told to"
        return (clock.now() - begun).total_seconds()

    async def get(self, path: str) -> tuple[int, str]:
        """Ask its own port; status 0 when it does not answer."""
        try:
            async with (
                aiohttp.ClientSession(trust_env=False) as session,
                session.get(f"http://127.0.0.1:{self.port}{path}") as answer,
            ):
                return answer.status, await answer.text()
        except aiohttp.ClientError as error:
            return 0, str(error)

    async def ready(self) -> Operator:
        """Wait until its caches are filled."""

        async def probe() -> bool:
            assert self.alive, f"the operator ended:\n{self.log.read_text()[-3000:]}"
            status, text = await self.get("/readyz")
            assert status == 200, text
            return True

        await eventually("the operator is ready", probe, seconds=START_SECONDS)
        return self

    async def metric(self, name: str) -> float:
        """The sum of a metric of its own."""
        _, text = await self.get("/metrics")
        rows = [line.rpartition(" ") for line in text.splitlines() if line.startswith((f"{name} ", f"{name}{{"))]
        return sum(float(value) for _, _, value in rows)

    def lines(self) -> list[dict[str, Any]]:
        """What it logged."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def said(self, text: str) -> bool:
        """Whether a line of its log holds a text."""
        return any(text in line["message"] for line in self.lines())

    def cpu(self) -> float:
        """Processor time that it took so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        """Resident bytes."""
        row = next(r for r in Path(f"/proc/{self.pid}/status").read_text().splitlines() if r.startswith("VmRSS:"))
        return int(row.split()[1]) * 1024


@contextlib.contextmanager
def operators(make: Callable[..., Operator]) -> Iterator[Callable[..., Operator]]:
    """Give what starts operators, and kill those that are left afterwards."""
    started: list[Operator] = []

    def start(**changed: Any) -> Operator:
        started.append(make(**changed).start())
        return started[-1]

    try:
        yield start
    finally:
        for operator in started:
            operator.kill()


def _run(environment: Mapping[str, str], limits: Mapping[str, float], log: str, report_port: int, step: Any) -> None:
    """Be the operator."""
    for name, seconds in limits.items():
        if name == "silence":
            object.__setattr__(informer.DEFAULT, name, seconds)
        else:
            assert name in vars(health)
            vars(health)[name] = seconds
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ.update(environment)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(descriptor, 2)
    clock.now = lambda: datetime.now(UTC) + timedelta(seconds=step.value)  # noqa: TID251 - the clock that can be set
    vars(runtime)["Asker"] = lambda: Asker(report_port)
    raise SystemExit(cli.main(["run"]))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
