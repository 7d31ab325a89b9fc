"""Files that leave by sendfile: every byte and no other, to whoever takes them, and an end for whoever does not."""

import contextlib
import errno
import os
import socket
import struct
import time
from pathlib import Path

import pytest

from wharf.http import connection, files, sendfile

CONTENT = os.urandom(5_000_000)


@pytest.fixture
def sent(monkeypatch):
    """What was sent by sendfile: the calls, each with what it answered."""
    calls = []
    original = sendfile.send

    async def send(*arguments):
        calls.append(await original(*arguments))
        return calls[-1]

    monkeypatch.setattr(sendfile, "send", send)
    return calls


@pytest.fixture(scope="module")
def digest(registry):
    return registry.push_blob("sent/app", CONTENT)


def get(digest, *lines):
    return "\r\n".join([f"GET /v2/sent/app/blobs/{digest} HTTP/1.1", "Host: x", *lines, "", ""]).encode()


def eventually(condition):
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def connections(registry):
    return len(registry.wharf._listeners[0].server_state.connections)


@pytest.mark.parametrize("cached", [True, False])
def test_blobs_and_ranges_leave_whole_one_after_the_other_on_one_connection(
    registry, digest, sent, monkeypatch, cached
):
    monkeypatch.setattr(sendfile, "cached", lambda *_: cached)
    expected = CONTENT + CONTENT[1000:2_000_001] + CONTENT[-100_000:]
    with registry.connect() as sock:
        received = b""
        for lines in ((), ("Range: bytes=1000-2000000",), ("Range: bytes=-100000", "Connection: close")):
            sock.sendall(get(digest, *lines))
            body, length = b"", None
            while length is None or len(body) < length:
                body += sock.recv(1 << 20)
                if length is None and b"\r\n\r\n" in body:
                    head, _, body = body.partition(b"\r\n\r\n")
                    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            received += body
        assert sock.recv(1) == b""
    assert received == expected
    assert sent == [True, True, True]


@pytest.mark.parametrize("there", [lambda at: at < 1_000_000, lambda at: at >= 1_000_000], ids=["begin", "rest"])
def test_a_blob_of_which_a_part_is_in_the_page_cache_leaves_whole(registry, digest, sent, monkeypatch, there):
    asked = []

    def cached(_, at, length):
        asked.append((at, length))
        return there(at)

    monkeypatch.setattr(sendfile, "cached", cached)
    monkeypatch.setattr(sendfile, "AHEAD", 600_000)
    monkeypatch.setattr(sendfile, "STEP", 200_000)
    assert registry.request("GET", f"/v2/sent/app/blobs/{digest}").body == CONTENT
    assert sent == [True]
    assert max(length for _, length in asked) == 600_000
    assert max(at + length for at, length in asked) == len(CONTENT)


def test_a_small_range_and_a_body_over_tls_leave_another_way(registry, secure, digest, sent):
    assert registry.request("GET", f"/v2/sent/app/blobs/{digest}", Range="bytes=0-9").body == CONTENT[:10]
    secure.push_blob("sent/app", CONTENT)
    assert secure.request("GET", f"/v2/sent/app/blobs/{digest}").body == CONTENT
    assert sent == [False, False]


def test_where_too_many_files_are_open_a_body_leaves_another_way(registry, digest, sent, monkeypatch):
    def too_many(_):
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(os, "dup", too_many)
        assert registry.request("GET", f"/v2/sent/app/blobs/{digest}").body == CONTENT
    assert sent == [False]


def test_what_is_sent_is_counted(registry, digest):
    def counted():
        metrics = registry.request("GET", "/metrics", admin=True).body.decode()
        return next(
            float(line.split()[-1])
            for line in metrics.splitlines()
            if line.startswith('registry_http_response_size_bytes_sum{method="GET",handler="blob"}')
        )

    registry.request("GET", f"/v2/sent/app/blobs/{digest}")
    before = counted()
    registry.request("GET", f"/v2/sent/app/blobs/{digest}")
    assert counted() == before + len(CONTENT)


def test_a_file_that_ends_early_breaks_the_connection(start, sent, monkeypatch):
    registry = start()
    digest = registry.push_blob("sent/app", CONTENT * 8)
    path = Path(registry.wharf._blobs.path(digest))
    with registry.connect() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 100_000)
        sock.sendall(get(digest))
        received = len(sock.recv(1000))
        path.chmod(0o600)
        os.truncate(path, len(CONTENT))
        while piece := sock.recv(1 << 20):
            received += len(piece)
    assert received < len(CONTENT) * 8
    assert sent == []
    assert registry.request("GET", "/v2/").status == 200


@pytest.mark.parametrize("reset", [True, False])
def test_a_client_that_hangs_up_leaves_nothing_behind(registry, digest, reset):
    before = len(list(Path("/proc/self/fd").iterdir()))
    sock = registry.connect()
    sock.sendall(get(digest))
    assert sock.recv(1000)
    if reset:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
    eventually(lambda: not connections(registry))
    eventually(lambda: len(list(Path("/proc/self/fd").iterdir())) <= before)


@pytest.mark.parametrize("end", ["the client hangs up", "the request is cancelled", "the file is cut"])
def test_a_large_answer_over_tls_that_ends_early_no_longer_counts(secure, end):
    digest = secure.push_blob("sent/app", os.urandom(1000) + CONTENT * 3)
    path = Path(secure.wharf._blobs.path(digest))
    before = len(list(Path("/proc/self/fd").iterdir()))
    with secure.connect() as sock:
        sock.sendall(get(digest))
        assert sock.recv(1000)
        eventually(lambda: files._under_way)
        if end == "the file is cut":
            path.chmod(0o600)
            os.truncate(path, 1000)
        elif end == "the request is cancelled":

            async def cancel():
                for task in secure.wharf._listeners[0].server_state.tasks:
                    task.cancel()

            secure.call(cancel)
        received = 0
        with contextlib.suppress(OSError):  # as it breaks off
            while end != "the client hangs up" and (piece := sock.recv(1 << 20)):
                received += len(piece)
        assert received < 3 * len(CONTENT)
    eventually(lambda: not files._under_way)
    eventually(lambda: not connections(secure))
    eventually(lambda: len(list(Path("/proc/self/fd").iterdir())) <= before)


def test_a_client_that_takes_nothing_is_given_up_and_one_that_takes_little_is_not(registry, sent, monkeypatch):
    monkeypatch.setattr(connection, "WRITE_SECONDS", 0.2)
    digest = registry.push_blob("sent/app", CONTENT * 3)
    with registry.connect() as idle, registry.connect() as slow:
        for sock in (idle, slow):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 100_000)
            sock.sendall(get(digest, "Connection: close"))
        received = 0
        while piece := slow.recv(300_000):
            received += len(piece)
            time.sleep(0.01)
        assert received > len(CONTENT) * 3
        eventually(lambda: not connections(registry))
    assert sent == [True]
