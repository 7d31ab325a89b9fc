"""Power cuts at random moments of pushes, deletions and sweeps: what was acknowledged is on the disk.

The registry's data is on an ext4 disk in a file. At a random moment everything stands still and the file is copied: the
copy has what was written to the disk, and lacks what was only in memory. It is mounted, and a registry started on it
that believes in another boot of the machine.
"""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path

import pytest

from e2e.faults.process import Process, Spawner
from e2e.faults.promises import require_sound, require_sweepable, require_whole
from e2e.faults.pusher import Memory, Pusher
from e2e.faults.volumes import copy_as_a_power_cut_would, make_disk, mounted

CUTS = int(os.environ.get("WHARF_POWER_CUTS", "4"))
"""Power cuts of each test."""


@pytest.mark.parametrize("durability", ["manifest", "blob"])
async def test_what_was_acknowledged_is_on_the_disk(spawner: Spawner, tmp_path: Path, durability: str) -> None:
    disk, copy = tmp_path / "disk", tmp_path / "copy"
    make_disk(disk, 512)
    with mounted(disk, tmp_path / "mounted") as place:
        process = Process(spawner, place / "data", tmp_path, durability=durability)
        # Blobs that no manifest names yet are promised too, so no sweep may take them.
        process.start(impatient=durability == "manifest")
        pushers = [Pusher(process.port, name, f"t{n}-", size=20_000) for n, name in enumerate(("one", "both", "both"))]
        try:
            for one in pushers:
                one.start()
            for cut in range(CUTS):
                await asyncio.sleep(random.uniform(0.3, 1.5))  # noqa: S311 - the moment of the cut is what is tested
                with process.held():
                    await asyncio.sleep(0.1)  # answers that are on their way reach their clients
                    memories = [one.remembered() for one in pushers]
                    copy_as_a_power_cut_would(disk, copy)
                with mounted(copy, tmp_path / f"after-{cut}") as after:
                    outlived = Process(spawner, after / "data", tmp_path, durability=durability)
                    await _require_outlived(outlived, pushers, memories, blobs=durability == "blob")
        finally:
            process.kill()
            for one in pushers:
                one.stop()
                one.client.close()
    assert sum(one.pushes for one in pushers) > CUTS
    assert [error for one in pushers for error in one.errors] == []


async def _require_outlived(process: Process, pushers: list[Pusher], memories: list[Memory], *, blobs: bool) -> None:
    process.start(boot="another boot")
    try:
        for one, memory in zip(pushers, memories, strict=True):
            require_whole(process.port, one.repository, memory, blobs=blobs)
        after = Pusher(process.port, "after", "t")
        after.push("t1")  # it goes on
        after.client.close()
    finally:
        process.kill()
    await require_sound(process.data)
    await require_sweepable(process.data)
