"""Somebody sets the clock of a registry at work, by years, forward and back: nothing is lost, nothing stalls."""

import asyncio
import contextlib
import os
import time

from e2e.faults.process import Client, Process
from e2e.faults.promises import require_sound, require_whole
from e2e.faults.pusher import Pusher

YEAR = 365 * 86400
STEPS = (10 * YEAR, -20 * YEAR, 3600, -90, 0)
GARBAGE = {"gracePeriod": 600, "interval": 1, "untagged": "Delete"}


async def test_pushes_deletions_and_sweeps_outlive_a_clock_that_jumps(spawner, tmp_path):
    clock = tmp_path / "clock"
    clock.write_text("0")
    process = Process(spawner, tmp_path / "data", tmp_path, garbageCollection=GARBAGE, adminAddress="127.0.0.1:0")
    process.start(clock=str(clock))
    pusher = Pusher(process.port, "app", "t", size=20_000)
    with contextlib.closing(Client(process.port)) as client, contextlib.closing(pusher.client):
        assert client.request("POST", "/v2/app/blobs/uploads/")[0] == 202
        session = client.headers["location"]
        pusher.start()
        for step in STEPS:
            wait_for_pushes(pusher, 3)
            beside = clock.with_name("next")
            beside.write_text(str(step))
            os.replace(beside, clock)  # noqa: PTH105 - it must never be read half written
            await asyncio.sleep(1.3)  # a sweep under the new time
        wait_for_pushes(pusher, 3)
        pusher.stop()
        assert pusher.errors == []
        assert client.request("GET", session)[0] == 204  # ten years were no time for it
        require_whole(process.port, "app", pusher.memory)
    assert "Traceback" not in process.log
    process.kill()
    await require_sound(process.data)


def wait_for_pushes(pusher, count):
    deadline, wanted = time.monotonic() + 20, pusher.pushes + count
    while pusher.pushes < wanted:
        assert time.monotonic() < deadline, "pushes have stopped"
        time.sleep(0.01)
