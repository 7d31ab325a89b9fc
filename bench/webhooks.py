"""What webhooks cost pushes and pulls: wharf with three, one of them dead, beside wharf with none.

Rule: both run side by side and take turns, so whatever else the machine does falls on both; what is noted is the share
of the speed that is left. Delivery goes on beside the pushes; pulls begin when it has caught up with them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bench import load, machine
from bench.figures import Run
from bench.servers import Server

RELOADED = 3.0
"""Seconds in which a registry has taken up its configuration."""

SETTLED = 3.0
"""Seconds in which what was pushed is delivered."""

TURNS = 3
"""Times that each has its turn in a round: shares are near 1, and one turn is uncertain by more than what is asked."""


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
                pushed = [_pushed(run, bare, busy) for _ in range(TURNS)]
                time.sleep(SETTLED)
                pulled = [_pulled(run, bare, busy) for _ in range(TURNS)]
                run.note(f"pushes with three webhooks of {told}, share of those with none", busy, _share(pushed))
                run.note(f"pulls with three webhooks of {told}, share of those with none", busy, _share(pulled))


def _pushed(run: Run, bare: Server, busy: Server) -> tuple[float, float]:
    one, other = (run.effort.images / load.push_images(each, run.place, run.effort.images, 8) for each in (bare, busy))
    return one, other


def _pulled(run: Run, bare: Server, busy: Server) -> tuple[float, float]:
    path = "/v2/bench/app/manifests/latest"
    one, other = (load.hammer(each, run.place, path, run.effort.seconds).requests for each in (bare, busy))
    return one, other


def _share(turns: Sequence[tuple[float, float]]) -> float:
    return sum(busy for _, busy in turns) / sum(bare for bare, _ in turns)


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
