"""How many workers there are to be, and an end of all where none can start."""

import asyncio
import json
import os
import signal
import subprocess
import sys

import pytest

from wharf import workers


def test_what_no_worker_can_start_with_ends_all(tmp_path):
    (tmp_path / "config.yaml").write_text(json.dumps({"workers": 2, "auth": {"htpasswd": "/none"}, "data": "x"}))
    command = [sys.executable, "-m", "wharf", "serve", "--address", "127.0.0.1:0", "--config"]
    command.append(str(tmp_path / "config.yaml"))
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, cwd=tmp_path)
    assert ended.returncode == 1
    assert "wharf: " in ended.stderr
    assert "Traceback" not in ended.stderr


async def test_a_worker_that_has_just_ended_is_told_nothing():
    process = await asyncio.create_subprocess_exec("true")
    await process.wait()
    with pytest.raises(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    workers._send(process, signal.SIGTERM)


@pytest.mark.parametrize(
    ("quota", "expected"), [("150000 100000", 2), ("50000 100000", 1), ("max 100000", 8), (None, 8), ("x", 8)]
)
def test_processors_are_those_of_the_limit(tmp_path, monkeypatch, quota, expected):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    monkeypatch.setattr(workers, "_QUOTA", tmp_path / "cpu.max")
    if quota is not None:
        (tmp_path / "cpu.max").write_text(quota)
    assert workers.processors() == expected
