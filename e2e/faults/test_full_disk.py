"""A full disk: pushes are refused with a clear error, what is stored is served, nothing is torn, deletes make room."""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.faults.process import Process, Spawner
from e2e.faults.promises import require_sound, require_sweepable, require_whole
from e2e.faults.pusher import Pusher, RefusedError
from e2e.faults.told import Receiver
from e2e.faults.volumes import memory_disk
from e2e.kubectl import eventually, run
from kubectl_registry.doctor import inside
from kubectl_registry.doctor.facts import Inside

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


def fill_up(disk: Path) -> Path:
    """Take what is left; the file that has it."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while shutil.disk_usage(disk).free:
            file.write(b"x" * 4096)
    return ballast


def pushes_again(pusher: Pusher) -> bool:
    try:
        pusher.push("again")
    except RefusedError:
        return False
    return True


async def test_a_disk_with_not_a_byte_left_serves_and_starts(process: Process, pusher: Pusher, disk: Path) -> None:
    pusher.push("t1")
    ballast = fill_up(disk)
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


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.shutdown()
    receiver.server_close()


async def test_with_a_full_disk_pulls_go_on_and_what_was_pushed_is_told(
    spawner: Spawner, disk: Path, tmp_path: Path, receiver: Receiver
) -> None:
    """What was taken and could not be noted as taken comes again, under the same id; what was refused never comes."""
    signed = {"signing": [{"secret": f"whsec_{'Zm9v' * 10}"}]}
    hooks = [{"name": path, "url": receiver.url(path), "events": [path], **signed} for path in ("push", "pull")]
    networks = {"allow": ["127.0.0.0/8"]}
    process = Process(spawner, disk / "data", tmp_path, webhooks=hooks, webhookNetworks=networks)
    process.start()
    pusher = Pusher(process.port, "app", "t", size=4 << 20)
    for number in range(5):
        pusher.push(f"t{number}")
    ballast = fill_up(disk)
    for _ in range(3):
        with pytest.raises(RefusedError, match="507"):
            pusher.push("refused")
        assert pusher.ask("GET", "/v2/app/manifests/t1")[0] == 200
    process.kill()
    pusher.client.close()
    process.start()
    assert pusher.ask("GET", "/v2/app/manifests/t1")[0] == 200
    ballast.unlink()
    pusher.push("t5")
    assert pusher.ask("GET", "/v2/app/manifests/t5")[0] == 200

    def told() -> bool:
        tags = {tag for _, tag, _ in receiver.arrivals["push"] if tag}
        return tags == set(pusher.memory.kept) and "t5" in {tag for _, tag, _ in receiver.arrivals["pull"]}

    eventually("what was pushed is told, and pulls are again", told, timeout=30)
    assert len({arrival for arrival in receiver.arrivals["push"] if arrival[1]}) == len(pusher.memory.kept)
    pusher.client.close()
    process.kill()


def test_the_doctor_sees_a_disk_with_not_a_byte_left(disk: Path) -> None:
    """By the program that it runs in the pod, of which only the place is changed."""
    before = doctors_view(disk)
    assert before.free > before.total // 2
    fill_up(disk)
    assert (doctors_view(disk).free, doctors_view(disk).total) == (0, before.total)


def doctors_view(disk: Path) -> Inside:
    script = inside.PROGRAM.replace(inside.DATA, str(disk))
    return inside.read(run([sys.executable, "-c", script]))
