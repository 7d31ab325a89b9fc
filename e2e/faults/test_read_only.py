"""A disk that refuses to be written: pulls go on, pushes are refused with a clear error, and it all heals."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.faults.process import Process, Spawner
from e2e.faults.promises import require_sound, require_whole
from e2e.faults.pusher import Pusher, RefusedError
from e2e.faults.volumes import break_disk, make_disk, mend_disk, mounted


async def test_pulls_go_on_and_pushes_are_refused_until_it_is_mended(spawner: Spawner, tmp_path: Path) -> None:
    make_disk(tmp_path / "file", 128)
    with mounted(tmp_path / "file", tmp_path / "disk") as disk:
        process = Process(spawner, disk / "data", tmp_path)
        process.start()
        pusher = Pusher(process.port, "app", "t")
        pusher.push("t1")
        break_disk(tmp_path / "file")
        require_whole(process.port, "app", pusher.memory)
        with pytest.raises(RefusedError) as refused:
            pusher.push("t2")
        status, answer = refused.value.args
        assert status in (500, 503), answer
        assert b"volume" in answer, answer
        assert b"Traceback" not in answer
        require_whole(process.port, "app", pusher.memory)
        process.kill()
        pusher.client.close()
    mend_disk(tmp_path / "file")
    with mounted(tmp_path / "file", tmp_path / "disk"):
        process.start()
        require_whole(process.port, "app", pusher.memory)
        pusher.push("t3")
        require_whole(process.port, "app", pusher.memory)
        pusher.client.close()
        process.kill()
        await require_sound(process.data)


def test_a_registry_that_cannot_start_ends_and_says_why(spawner: Spawner, tmp_path: Path) -> None:
    make_disk(tmp_path / "file", 64)
    with mounted(tmp_path / "file", tmp_path / "disk") as disk:
        process = Process(spawner, disk / "data", tmp_path)
        break_disk(tmp_path / "file")
        with pytest.raises(AssertionError, match="has ended"):
            process.start()
        assert "Read-only file system" in process.log
