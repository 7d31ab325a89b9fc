"""kill -9, hundreds of times: what was acknowledged is whole, and all the rest can be swept."""

from __future__ import annotations

from pathlib import Path

from e2e.faults.killing import require_outliving_kills
from e2e.faults.process import Process, Spawner
from e2e.faults.pusher import Pusher

KILLS = 300


async def test_what_was_acknowledged_outlives_hundreds_of_kills(spawner: Spawner, tmp_path: Path) -> None:
    process = Process(spawner, tmp_path / "data", tmp_path)
    pushers = [Pusher(process.port, name, f"t{n}-") for n, name in enumerate(("one", "two", "both", "both"))]
    assert await require_outliving_kills(process, pushers, lambda kills: kills < KILLS) == KILLS
    for one in pushers:
        one.client.close()
