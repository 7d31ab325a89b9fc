"""The figures: what is done to each server, and what is noted of it.

Rule: in a round every server has its turn, so that whatever else the machine does falls on all of them; servers of one
comparison run side by side and idle while it is not their turn.
"""

from __future__ import annotations

import shutil
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import load, machine, servers, wire
from bench.machine import Place
from bench.servers import Server

REGISTRIES = ("wharf", "Distribution", "zot")


@dataclass(frozen=True)
class Effort:
    """How much is done: quick looks, or figures to publish."""

    rounds: int
    seconds: int
    blob: int
    images: int
    uploads: int
    manifests: int


FULL = Effort(rounds=3, seconds=3, blob=1 << 30, images=100, uploads=32, manifests=100_000)
QUICK = Effort(rounds=1, seconds=1, blob=128 << 20, images=25, uploads=8, manifests=10_000)

GETS = 3
"""Turns of GETs of a blob in a round: each takes a tenth of a second, and whatever else a machine does shows in it."""

Measures = dict[str, dict[str, list[float]]]
"""Row of the table -> server -> one value a round."""


@dataclass
class Run:
    """One run of the benchmark. `measures` collects; `say` tells a person what is being done."""

    place: Place
    effort: Effort
    names: list[str]
    say: Callable[[str], None]

    def __post_init__(self) -> None:
        self.measures: Measures = defaultdict(lambda: defaultdict(list))
        self.loads: list[float] = []  # of the machine, when each figure began

    def median(self, row: str, server: str) -> float | None:
        """The figure of a server; None where there is none."""
        values = self.measures.get(row, {}).get(server)
        return statistics.median(values) if values else None

    def note(self, row: str, server: Server, value: float) -> None:
        """Keep one value."""
        self.measures[row][server.name].append(value)

    @contextmanager
    def running(self, *, tls: bool, login: bool, only: tuple[str, ...] = REGISTRIES) -> Iterator[list[Server]]:
        """The servers of a comparison."""
        with ExitStack() as stack:
            started = []
            for name in only:
                if name in self.names:
                    started.append(servers.start(name, self.place, tls=tls, login=login))
                    stack.callback(started[-1].stop)
            yield started


def manifests(run: Run) -> None:
    """GET of a small manifest by tag on 32 connections."""
    for kind, tls, login in (("plain, anonymous", False, False), ("plain", False, True), ("TLS", True, True)):
        run.say(f"manifest GET, {kind}")
        with run.running(tls=tls, login=login) as started:
            blob = run.place.root / "small"
            digest = machine.write_blob(blob, 1000)
            for server in started:
                load.upload(server, run.place, "bench/app", blob, digest)
                load.push_manifest(server, run.place, "bench/app", "latest", (digest, 1000), (digest, 1000))
            for _ in range(run.effort.rounds):
                for server in started:
                    before = server.cpu()
                    rate = load.hammer(server, run.place, "/v2/bench/app/manifests/latest", run.effort.seconds)
                    run.note(f"manifest GET, {kind}, requests/s", server, rate.requests)
                    run.note(f"manifest GET, {kind}, p99 ms", server, rate.p99)
                    spent = (server.cpu() - before) / rate.requests / run.effort.seconds
                    run.note(f"manifest GET, {kind}, CPU us", server, spent * 1e6)


def blob_gets(run: Run) -> None:
    """GET of a large blob, with nginx for the limit of the machine."""
    blob = run.place.root / "large"
    digest = machine.write_blob(blob, run.effort.blob)
    for tls in (False, True):
        kind = "TLS" if tls else "plain"
        run.say(f"blob GET, {kind}")
        with run.running(tls=tls, login=True, only=(*REGISTRIES, "nginx")) as started:
            for server in started:
                if server.name == "nginx":
                    (server.data / "data" / "blob").hardlink_to(blob)
                else:
                    load.upload(server, run.place, "bench/app", blob, digest)
            for _ in range(GETS * run.effort.rounds):
                for server in started:
                    path = "/blob" if server.name == "nginx" else f"/v2/bench/app/blobs/{digest}"
                    wire.fetch(server, run.place, path, run.effort.blob)  # into the page cache, whatever has left it
                    before = server.cpu()
                    seconds = wire.fetch(server, run.place, path, run.effort.blob)
                    spent = (server.cpu() - before) * 1e9 / run.effort.blob
                    by_curl, _ = load.curl(server, run.place, path)
                    run.note(f"blob GET, {kind}, MB/s", server, run.effort.blob / 1e6 / seconds)
                    run.note(f"blob GET, {kind}, CPU s a GB", server, spent)
                    run.note(f"blob GET, curl, {kind}, MB/s", server, run.effort.blob / 1e6 / by_curl)


def blob_puts(run: Run) -> None:
    """PUT of a large blob and of the manifest that names it: only then is wharf's promise kept, and all is on disk."""
    blob = run.place.root / "large"
    machine.write_blob(blob, run.effort.blob)
    for tls in (False, True):
        kind = "TLS" if tls else "plain"
        run.say(f"blob PUT and manifest, {kind}")
        with run.running(tls=tls, login=True) as started:
            for _ in range(run.effort.rounds):
                for server in started:
                    _put(run, server, blob, kind)
                for server in started:
                    _put_with_curl(run, server, blob, kind)
                for server in started:
                    _patch(run, server, blob, kind)


def _put(run: Run, server: Server, blob: Path, kind: str) -> None:
    """One push by the client that costs nothing."""
    digest = machine.vary_blob(blob)
    machine.settle(run.effort.blob)
    before = server.cpu()
    first, location = load.session(server, run.place, "bench/app")
    path = load.closing(location, digest).removeprefix(server.url)
    seconds = first + wire.send(server, run.place, path, blob)
    run.note(f"blob PUT alone, {kind}, MB/s", server, run.effort.blob / 1e6 / seconds)
    layer = (digest, run.effort.blob)
    seconds += load.push_manifest(server, run.place, "bench/app", "large", layer, layer)
    run.note(f"blob PUT and manifest, {kind}, MB/s", server, run.effort.blob / 1e6 / seconds)
    spent = (server.cpu() - before) * 1e9 / run.effort.blob
    run.note(f"blob PUT and manifest, {kind}, CPU s a GB", server, spent)
    seconds = wire.fetch(server, run.place, f"/v2/bench/app/blobs/{digest}", run.effort.blob)
    run.note(f"first GET of what was pushed, {kind}, MB/s", server, run.effort.blob / 1e6 / seconds)
    server.drop_files(run.effort.blob)


def _put_with_curl(run: Run, server: Server, blob: Path, kind: str) -> None:
    digest = machine.vary_blob(blob)
    machine.settle(run.effort.blob)
    layer = (digest, run.effort.blob)
    seconds = load.upload(server, run.place, "bench/app", blob, digest)
    seconds += load.push_manifest(server, run.place, "bench/app", "large", layer, layer)
    run.note(f"blob PUT and manifest, curl, {kind}, MB/s", server, run.effort.blob / 1e6 / seconds)
    server.drop_files(run.effort.blob)


def _patch(run: Run, server: Server, blob: Path, kind: str) -> None:
    """One push as Docker has it: the layer in chunks, then its digest, then the manifest."""
    digest = machine.vary_blob(blob)
    machine.settle(run.effort.blob)
    before = server.cpu()
    first, path = load.session(server, run.place, "bench/app")
    second, location = wire.send_in_chunks(server, run.place, path.removeprefix(server.url), blob)
    third, _ = load.curl(server, run.place, load.closing(location, digest), "-X", "PUT", expect="201")
    layer = (digest, run.effort.blob)
    seconds = first + second + third + load.push_manifest(server, run.place, "bench/app", "large", layer, layer)
    run.note(f"blob PATCH chunked (docker push), {kind}, MB/s", server, run.effort.blob / 1e6 / seconds)
    spent = (server.cpu() - before) * 1e9 / run.effort.blob
    run.note(f"blob PATCH chunked (docker push), {kind}, CPU s a GB", server, spent)
    server.drop_files(run.effort.blob)


def images(run: Run) -> None:
    """Images of five small layers, pushed by eight clients."""
    for tls in (False, True):
        kind = "TLS" if tls else "plain"
        run.say(f"small images, {kind}")
        with run.running(tls=tls, login=True) as started:
            for _ in range(run.effort.rounds):
                for server in started:
                    before = server.cpu()
                    seconds = load.push_images(server, run.place, run.effort.images, 8)
                    spent = (server.cpu() - before) * 1000 / run.effort.images
                    run.note(f"small images pushed, {kind}, CPU ms an image", server, spent)
                    run.note(f"small images pushed, {kind}, images/s", server, run.effort.images / seconds)


def memory(run: Run) -> None:
    """Resident memory at rest; and, of wharf, the most of it while large blobs are pushed side by side."""
    run.say("memory")
    blob = run.place.root / "large"
    # All of them are on the disk at once; others may want some of it too.
    room = shutil.disk_usage(run.place.root).free * 3 // 4 // (run.effort.uploads + 1)
    size = min(run.effort.blob, room >> 26 << 26)
    digest = machine.write_blob(blob, size)
    with run.running(tls=True, login=True) as started:
        for server in started:
            load.curl(server, run.place, "/v2/")
            run.note("memory at rest, MB", server, server.memory())
    with run.running(tls=True, login=True, only=("wharf",)) as started:
        for server in started:
            server.reset_peak()
            with ThreadPoolExecutor(run.effort.uploads) as pool:
                pushes = [
                    pool.submit(load.upload, server, run.place, f"bench/r{number}", blob, digest)
                    for number in range(run.effort.uploads)
                ]
            for push in pushes:
                push.result()
            run.note(f"most memory, {run.effort.uploads} uploads of {size >> 20} MiB, MB", server, server.memory(True))


FIGURES: dict[str, Callable[[Run], None]] = {
    "manifests": manifests,
    "blob-gets": blob_gets,
    "blob-puts": blob_puts,
    "images": images,
    "memory": memory,
}
