"""What webhooks cost pushes and pulls: one wharf that has three, one of them dead, and none, in turns.

Rule: it is the same process that takes many short turns with and without, the first of which alternates, so whatever
it and the machine are like falls on both: of two equal processes one was up to a tenth faster than the other, which is
more than what is asked. What is noted is the share of the speed that is left, and of the processor's time, of each
pair of turns that were neighbours. A turn begins with pushes or pulls that do not count: what they cause is delivered
while the others are counted, as what those cause at their end is delivered after them. Every event of a push must
arrive.
"""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench import load, machine
from bench.figures import Run
from bench.servers import Server

RELOADED = 10.0
"""Seconds in which a registry takes up its configuration."""

LOOK = 0.05
"""Seconds between two looks at it: a file that is not swapped is loaded once it was the same at two."""

SETTLED = 0.5
"""Seconds in which the registry is at rest, once what was pushed is delivered."""

ARRIVED = 10.0
"""Seconds in which it must be."""

FIRST = 0.5
"""The part of a turn's pushes that comes before it and does not count: a registry looks for what there is to deliver
every third of a second."""

TURNS = 3
"""Pairs of turns in a round, for each second of the effort: a turn varies by more than what is asked."""

SECONDS = 1
"""Of pulls in a turn."""

LIVE = 2
"""Webhooks that are not dead."""


def webhooks(run: Run) -> None:
    """Small images pushed and a manifest pulled, with webhooks for pushes, and for pulls too."""
    for events in (["push"], ["push", "pull"]) if "wharf" in run.names else ():
        told = " and ".join(events)
        run.say(f"three webhooks of {told}, one dead")
        for _ in range(run.effort.rounds):
            with _receiver() as url, run.running(tls=False, login=True, only=("wharf",)) as (server,):
                blob = run.place.root / "small"
                digest = machine.write_blob(blob, 1000)
                load.upload(server, run.place, "bench/app", blob, digest)
                load.push_manifest(server, run.place, "bench/app", "latest", (digest, 1000), (digest, 1000))
                switch = Switch(server, url, events)
                _note(run, f"pushes with three webhooks of {told}", switch, _pushed)
                _note(run, f"pulls with three webhooks of {told}", switch, _pulled)


class Switch:
    """Gives a registry that runs three webhooks, and takes them away."""

    def __init__(self, server: Server, url: str, events: list[str]) -> None:
        self.server = server
        self._url = url
        self._file = server.data / "config.yaml"
        self._config = json.loads(self._file.read_text())
        self._config["webhookNetworks"] = {"allow": ["127.0.0.0/8"]}
        urls = {"one": url, "two": url, "dead": "http://127.0.0.1:1/"}
        self._hooks = [{"name": name, "url": target, "events": events} for name, target in urls.items()]
        self._times = 0

    def arrived(self) -> int:
        """How many requests the receiver has taken."""
        with urllib.request.urlopen(self._url, timeout=ARRIVED) as answer:  # noqa: S310 - on loopback
            return int(answer.read())

    def wait_for(self, events: int) -> None:
        """Wait until so many have arrived, or more: pulls are told too. Raises LoadError."""
        deadline = time.monotonic() + ARRIVED
        while (found := self.arrived()) < events:
            if time.monotonic() > deadline:
                raise load.LoadError(f"{found} of {events} events have arrived")
            time.sleep(LOOK)

    def turn(self, *, on: bool) -> None:
        """Have it so, and at rest. Raises LoadError."""
        self._times += 1
        config = {**self._config, "webhooks": self._hooks if on else []}
        text = json.dumps(config) + " " * self._times  # no two are alike, so that each is told in the log
        following = self._file.with_name("next")
        following.write_text(text)
        following.replace(self._file)
        digest, log = hashlib.sha256(text.encode()).hexdigest(), self.server.data / "log"
        deadline = time.monotonic() + RELOADED
        while digest not in log.read_text():
            if time.monotonic() > deadline:
                raise load.LoadError("wharf has not taken up its webhooks")
            self.server.process.send_signal(signal.SIGHUP)
            time.sleep(LOOK)
        time.sleep(SETTLED)


def _note(run: Run, row: str, switch: Switch, turn: Callable[[Run, Server, float], tuple[float, int, int]]) -> None:
    """Take the turns. `turn` makes such a part of one, and answers operations a second, and how many operations and
    events for each live webhook there were.
    """
    server = switch.server
    for number in range(TURNS * run.effort.seconds):
        speeds, costs = {}, {}
        for on in (True, False) if number % 2 else (False, True):
            switch.turn(on=on)
            known = switch.arrived()
            _, _, first = turn(run, server, FIRST)
            before = server.cpu()
            speeds[on], times, events = turn(run, server, 1.0)
            costs[on] = (server.cpu() - before) / times
            switch.wait_for(known + LIVE * (first + events) if on else known)
        run.note(f"{row}, share of those with none", server, speeds[True] / speeds[False])
        run.note(f"processor time without webhooks, share of that of {row}", server, costs[False] / costs[True])


def _pushed(run: Run, server: Server, part: float) -> tuple[float, int, int]:
    images = round(run.effort.images * part)
    return images / load.push_images(server, run.place, images, 8), images, images


def _pulled(run: Run, server: Server, part: float) -> tuple[float, int, int]:
    del part  # wrk counts whole seconds
    speed = load.hammer(server, run.place, "/v2/bench/app/manifests/latest", SECONDS).requests
    return speed, round(speed * SECONDS), 0


@contextmanager
def _receiver() -> Iterator[str]:
    command = [sys.executable, "-m", "bench.receiver"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
        finally:
            process.terminate()
