"""Ten thousand idle connections: memory is bounded, others are served, and nothing of them stays."""

import contextlib
import resource
import socket
import time
from pathlib import Path

import pytest
from e2e.faults.process import Client, Process, Spawner

CONNECTIONS = 10_000
LARGEST = 250 << 20
"""Bytes of memory that the registry may come to need for them: 25 KiB each, where a thread needs megabytes."""


@pytest.fixture
def usual_limit():
    """The registry may have 1024 files open unless it asks for more, as under most systems; this process has more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < CONNECTIONS + 200:
        pytest.skip(f"no process may have more than {hard} files open here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    spawner = Spawner()
    resource.setrlimit(resource.RLIMIT_NOFILE, (CONNECTIONS + 1000 if hard < 0 else hard, hard))
    yield spawner
    spawner.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def memory(process):
    """Resident memory of a process, in bytes."""
    (line,) = (one for one in Path(f"/proc/{process.pid}/status").read_text().splitlines() if one.startswith("VmRSS"))
    return int(line.split()[1]) << 10


def test_ten_thousand_idle_connections_keep_nobody_out(usual_limit, tmp_path):
    process = Process(usual_limit, tmp_path / "data", tmp_path)
    process.start()
    with contextlib.ExitStack() as idle, contextlib.closing(Client(process.port)) as client:
        for number in range(CONNECTIONS):
            connection = idle.enter_context(socket.create_connection(("127.0.0.1", process.port), timeout=20))
            if number % 2:
                connection.sendall(b"GET /v2/ HTTP/1.1\r\nHost: ")  # and then nothing
        assert client.request("GET", "/v2/")[0] == 200
        assert client.request("POST", "/v2/a/blobs/uploads/")[0] == 202
        assert memory(process) < LARGEST
    deadline = time.monotonic() + 20
    while len(list(Path(f"/proc/{process.pid}/fd").iterdir())) > 100:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.kill()


def test_a_hundred_manifests_that_never_end_take_little_memory(process):
    process.start()
    size = 4 << 20
    begun = b'{"x":"' + b"a" * (size - 7)
    head = b"PUT /v2/a/manifests/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size
    with contextlib.ExitStack() as opened, contextlib.closing(Client(process.port)) as client:
        before = memory(process)
        for _ in range(100):
            connection = opened.enter_context(socket.create_connection(("127.0.0.1", process.port), timeout=20))
            connection.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                connection.send(head + begun)
        assert client.request("PUT", "/v2/a/manifests/v1", b'{"schemaVersion":2,"manifests":[]}')[0] == 201
        assert memory(process) - before < 160 << 20
