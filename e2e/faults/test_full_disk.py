"""A full disk: pushes are refused with a clear error, what is stored is served, nothing is torn, deletes make room."""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.faults.process import Process, Spawner
from e2e.faults.promises import require_sound, require_sweepable, require_whole
from e2e.faults.pusher import Pusher, RefusedError
from e2e.faults.volumes import memory_disk
from e2e.kubectl import eventually

MEGABYTES = 128
IMAGES = 2000
"""More than fit."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with memory_disk(tmp_path / "disk", MEGABYTES) as disk:
        yield disk


@pytest.fixture
def process(spawner: Spawner, disk: Path, tmp_path: Path) -> Iterator[Process]:
    process = Process(spawner, disk / "data", tmp_path)
    process.start(impatient=True)
    yield process
    process.kill()


@pytest.fixture
def pusher(process: Process) -> Iterator[Pusher]:
    pusher = Pusher(process.port, "app", "t", size=4 << 20)
    yield pusher
    pusher.client.close()


def fill(pusher: Pusher) -> RefusedError | OSError | http.client.HTTPException:
    """Push until the registry refuses; how it does."""
    for number in range(IMAGES):
        try:
            pusher.push(f"t{number}")
        except (RefusedError, OSError, http.client.HTTPException) as error:
            return error
    raise AssertionError("the disk is never full")


async def test_a_push_that_does_not_fit_is_refused_and_deletes_make_room(process: Process, pusher: Pusher) -> None:
    refusal = fill(pusher)
    assert len(pusher.memory.kept) > 5
    assert isinstance(refusal, RefusedError), refusal
    status, answer = refusal.args
    assert status == 507, answer
    (error,) = json.loads(answer)["errors"]
    assert error["code"] == "DENIED", error
    assert "free space" in error["message"] + str(error.get("detail", "")), error
    require_whole(process.port, "app", pusher.memory)
    for tag in sorted(pusher.memory.kept)[:-2]:
        pusher.delete(tag)
    eventually("a push fits again", lambda: pushes_again(pusher), timeout=30)
    require_whole(process.port, "app", pusher.memory)
    assert {error[0] for error in pusher.errors} == {507}
    process.kill()
    await require_sound(process.data)
    await require_sweepable(process.data)


def pushes_again(pusher: Pusher) -> bool:
    try:
        pusher.push("again")
    except RefusedError:
        return False
    return True


async def test_a_disk_with_not_a_byte_left_serves_and_starts(process: Process, pusher: Pusher, disk: Path) -> None:
    pusher.push("t1")
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while shutil.disk_usage(disk).free:
            file.write(b"x" * 4096)
    with pytest.raises(RefusedError, match="507"):
        pusher.push("t2")
    require_whole(process.port, "app", pusher.memory)
    process.kill()
    pusher.client.close()
    process.start()
    require_whole(process.port, "app", pusher.memory)
    status, answer = pusher.ask("DELETE", f"/v2/app/manifests/{list(pusher.memory.kept['t1'])[-1]}")
    assert status in (202, 507), answer  # nowhere is written that a delete needs no byte
    if status == 202:
        del pusher.memory.kept["t1"]
    ballast.unlink()
    pusher.push("t3")
    require_whole(process.port, "app", pusher.memory)
    process.kill()
    await require_sound(process.data)
