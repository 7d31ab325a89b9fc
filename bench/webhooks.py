"""What webhooks cost pushes and pulls: wharf with three, one of them dead, beside wharf with none.

Rule: both run side by side and take many short turns, the first of which alternates, so whatever else the machine does
falls on both; what is noted is the share of the speed that is left, and of the processor's time, by the median of the
pairs of turns that were neighbours: on equal registries, that varies less than the share of two medians. Who has
no turn is stopped, so that what it has to deliver yet takes nothing from the other, nor is it delivered meanwhile.
Pulls begin when the pushes are delivered.
"""

from __future__ import annotations

import json
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench import load, machine
from bench.figures import Run
from bench.servers import Server

RELOADED = 3.0
"""Seconds in which a registry has taken up its configuration."""

SETTLED = 3.0
"""Seconds in which what was pushed is delivered."""

TURNS = 7
"""Times that each has its turn in a round, for each second of the effort: a turn varies by more than what is asked."""

SECONDS = 1
"""Of pulls in a turn."""


def webhooks(run: Run) -> None:
    """Small images pushed and a manifest pulled, with webhooks for pushes, and for pulls too."""
    for events in (["push"], ["push", "pull"]) if "wharf" in run.names else ():
        told = " and ".join(events)
        run.say(f"three webhooks of {told}, one dead")
        with _receiver() as url, _pair(run) as (bare, busy):
            _tell(busy, url, events)
            for server in (bare, busy):
                blob = run.place.root / "small"
                digest = machine.write_blob(blob, 1000)
                load.upload(server, run.place, "bench/app", blob, digest)
                load.push_manifest(server, run.place, "bench/app", "latest", (digest, 1000), (digest, 1000))
            for _ in range(run.effort.rounds):
                _note(run, f"pushes with three webhooks of {told}", bare, busy, lambda server: _pushed(run, server))
                time.sleep(SETTLED)
                _note(run, f"pulls with three webhooks of {told}", bare, busy, lambda server: _pulled(run, server))


def _note(run: Run, row: str, bare: Server, busy: Server, turn: Callable[[Server], tuple[float, int]]) -> None:
    """Let both have their turns. `turn` answers operations a second, and how many there were."""
    kept, spared = [], []
    for number in range(TURNS * run.effort.seconds):
        speeds, costs = {}, {}
        for server, other in ((bare, busy), (busy, bare)) if number % 2 else ((busy, bare), (bare, busy)):
            other.process.send_signal(signal.SIGSTOP)
            before = server.cpu()
            speeds[server.port], times = turn(server)
            other.process.send_signal(signal.SIGCONT)
            costs[server.port] = (server.cpu() - before) / times
        kept.append(speeds[busy.port] / speeds[bare.port])
        spared.append(costs[bare.port] / costs[busy.port])
    run.note(f"{row}, share of those with none", busy, statistics.median(kept))
    run.note(f"processor time without webhooks, share of that of {row}", busy, statistics.median(spared))


def _pushed(run: Run, server: Server) -> tuple[float, int]:
    images = run.effort.images // 2
    return images / load.push_images(server, run.place, images, 8), images


def _pulled(run: Run, server: Server) -> tuple[float, int]:
    speed = load.hammer(server, run.place, "/v2/bench/app/manifests/latest", SECONDS).requests
    return speed, round(speed * SECONDS)


@contextmanager
def _receiver() -> Iterator[str]:
    command = [sys.executable, "-m", "bench.receiver"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
        finally:
            process.terminate()


@contextmanager
def _pair(run: Run) -> Iterator[tuple[Server, Server]]:
    only = ("wharf",)
    with (
        run.running(tls=False, login=True, only=only) as (bare,),
        run.running(tls=False, login=True, only=only) as (busy,),
    ):
        yield bare, busy


def _tell(server: Server, url: str, events: list[str]) -> None:
    """Give a registry that runs three webhooks."""
    file = server.data / "config.yaml"
    config = json.loads(file.read_text())
    urls = {"one": url, "two": url, "dead": "http://127.0.0.1:1/"}
    config["webhooks"] = [{"name": name, "url": target, "events": events} for name, target in urls.items()]
    config["webhookNetworks"] = {"allow": ["127.0.0.0/8"]}
    file.write_text(json.dumps(config))
    time.sleep(RELOADED)
