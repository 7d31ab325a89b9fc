"""Registries that are killed between commit and delivery, receivers with moods, and what must hold in the end.

Rule: an event exists exactly if its push was committed. Whatever was acknowledged is told to every endpoint at least
once, under one id, and what one repository tells an endpoint comes in the order of its pushes.
"""

from __future__ import annotations

import asyncio
import http.client
import http.server
import json
import random
import threading
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

from e2e.faults.process import Client, Process, Spawner
from e2e.faults.pusher import INDEX
from wharf import clock
from wharf.metadata.outbox import EndpointState
from wharf.metadata.sqlite_outbox import SqliteOutbox
from wharf.upkeep import opened

PATIENCE = 60.0
"""Seconds in which everything has to arrive once nobody kills any more."""

LEAST = 5
"""Kills and acknowledged pushes of each registry, without which nothing is shown."""

REPLAYS = 5
"""Replays of each registry while it is killed."""

TOLD = ("steady", "moody", "late")
"""The endpoints that get everything in the end."""

Arrival = tuple[str, str, str]  # repository, tag, id


class Receiver(http.server.ThreadingHTTPServer):
    """Takes what is posted to /steady, to /moody mostly, and to /late once it is `open`."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.arrivals: dict[str, list[Arrival]] = defaultdict(list)
        self.random = random.Random()  # noqa: S311 - no secret
        self.open = False
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, path: str) -> str:
        """The URL of an endpoint here."""
        return f"http://127.0.0.1:{self.server_port}/{path}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A registry that was killed is no error here."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        (event,) = body["events"]
        assert event["id"] == self.headers["webhook-id"]
        path, mood = self.path.strip("/"), self.server.random.random()
        if path == "late" and not self.server.open:
            return self._answer(500)
        if path == "moody" and mood < 0.1:
            return self._answer(self.server.random.choice((500, 503, 408)))
        target = event["target"]
        self.server.arrivals[path].append((target["repository"], target.get("tag", ""), event["id"]))
        if path == "moody" and mood < 0.15:  # it was taken, and the registry does not hear of it
            self.close_connection = True
            return None
        if path == "moody" and mood < 0.2:
            time.sleep(0.05)
        return self._answer(429 if path == "moody" and mood < 0.22 else 204)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Site:
    """One registry, its webhooks, and a client that pushes small manifests without a pause."""

    def __init__(self, spawner: Spawner, place: Path, receiver: Receiver, name: str) -> None:
        hook = {"minBackoff": 0.01, "maxBackoff": 0.05, "signing": [{"secret": f"whsec_{'Zm9v' * 10}"}]}
        hooks = [{"name": path, "url": receiver.url(path), **hook} for path in ("steady", "moody")]
        hooks.append({"name": "dead", "url": "http://127.0.0.1:1/", **hook})
        hooks.append({"name": "late", "url": receiver.url("late"), "maxAttempts": 1, **hook})
        networks = {"allow": ["127.0.0.0/8"]}
        self.process = Process(spawner, place / name, place, webhooks=hooks, webhookNetworks=networks)
        self.kills = 0
        self.acknowledged: dict[str, list[str]] = {f"{name}/{part}": [] for part in "ab"}
        self.doubtful: dict[str, list[str]] = {repository: [] for repository in self.acknowledged}
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._kill)]
        self._threads += [threading.Thread(target=self._push, args=(each,)) for each in self.acknowledged]

    @property
    def pushes(self) -> int:
        """How many pushes were acknowledged."""
        return sum(map(len, self.acknowledged.values()))

    def start(self) -> None:
        """Begin to push, and to kill."""
        self.process.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End both, and let the registry run."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive()

    def _kill(self) -> None:
        while not self._stopped.is_set():
            time.sleep(random.uniform(0.0, 0.15))  # noqa: S311 - the moment of the kill is what is tested
            self.process.kill()
            self.kills += 1
            self.process.start()

    def _push(self, repository: str) -> None:
        client, number = Client(self.process.port), 0
        while not self._stopped.is_set():
            number += 1
            tag = f"t{number}"
            content = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [], "annotations": {"tag": tag}}
            path = f"/v2/{repository}/manifests/{tag}"
            try:
                status, answer = client.request("PUT", path, json.dumps(content).encode(), Content_Type=INDEX)
                assert status == 201, answer
                self.acknowledged[repository].append(tag)
            except (OSError, http.client.HTTPException):
                self.doubtful[repository].append(tag)
                self._stopped.wait(0.005)
        client.close()

    def committed(self) -> set[tuple[str, str]]:
        """Repository and tag of every push that was committed, acknowledged or not."""
        client = Client(self.process.port)
        found = {(repository, tag) for repository, tags in self.acknowledged.items() for tag in tags}
        for repository, tags in self.doubtful.items():
            for tag in tags:
                if client.request("GET", f"/v2/{repository}/manifests/{tag}")[0] == 200:
                    found.add((repository, tag))
        client.close()
        return found

    async def states(self) -> dict[str, EndpointState]:
        """What the outbox says, beside the running registry."""
        with opened(str(self.process.data)) as storage:
            return await SqliteOutbox(storage.index, clock.now).states()

    async def replay(self) -> None:
        """Send what /late did not take again, as the command line does it."""
        with opened(str(self.process.data)) as storage:
            await SqliteOutbox(storage.index, clock.now).replay("late")


async def require_told(site: Site, receiver: Receiver) -> None:
    """Wait until everything has arrived, and look at what has."""
    committed = site.committed()
    end = time.monotonic() + PATIENCE
    while (states := await site.states()) and any(states[path].pending or states[path].dead for path in TOLD):
        assert time.monotonic() < end, states
        await site.replay()
        await asyncio.sleep(0.2)
    assert states["dead"].pending == len(committed)
    for path in TOLD:
        mine = [each for each in receiver.arrivals[path] if each[0] in site.acknowledged]
        ids: dict[tuple[str, str], set[str]] = defaultdict(set)
        firsts: dict[str, list[int]] = defaultdict(list)
        for repository, tag, event in mine:
            if not ids[repository, tag]:
                firsts[repository].append(int(tag[1:]))
            ids[repository, tag].add(event)
        assert set(ids) == committed, {"lost": committed - set(ids), "made up": set(ids) - committed}
        assert [each for each in ids.values() if len(each) > 1] == []
        for numbers in firsts.values() if path != "late" else ():  # what was given up comes after what was not
            assert numbers == sorted(numbers)


def _enough(sites: list[Site]) -> bool:
    """Whether each registry was killed, and pushed to, a few times at least, however busy the machine is."""
    return all(site.kills >= LEAST and site.pushes >= LEAST for site in sites)


async def kill(spawner: Spawner, place: Path, *, seconds: float, registries: int) -> tuple[int, int]:
    """Kill registries for so long; how many kills there were, and how many pushes that were acknowledged."""
    receiver = Receiver()
    sites = [Site(spawner, place, receiver, f"r{number}") for number in range(registries)]
    try:
        for site in sites:
            site.start()
        end = time.monotonic() + seconds
        while time.monotonic() < end or not _enough(sites):
            assert time.monotonic() < end + PATIENCE, [(site.kills, site.pushes) for site in sites]
            await asyncio.sleep(0.1)
        receiver.open = True
        for _ in range(REPLAYS):  # while they are killed
            await asyncio.gather(*(site.replay() for site in sites))
            await asyncio.sleep(0.2)
        for site in sites:
            site.stop()
        for site in sites:
            await require_told(site, receiver)
    finally:
        for site in sites:
            with suppress(AssertionError):
                site.stop()
            site.process.kill()
        receiver.shutdown()
        receiver.server_close()
    return sum(site.kills for site in sites), sum(site.pushes for site in sites)
