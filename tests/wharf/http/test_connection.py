"""The limits of a connection, on real sockets."""

import asyncio
import base64
import contextlib
import gc
import hashlib
import socket
import struct
import threading
import time

import pytest

from wharf.blobs.filesystem import FileBlobStore
from wharf.http import connection


def read_all(sock):
    received = b""
    with contextlib.suppress(ConnectionResetError):  # what is sent beyond the answer may meet a closed connection
        while piece := sock.recv(65536):
            received += piece
    return received


@pytest.mark.parametrize(
    "head",
    [
        b"GET /v2/ HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 40_000 + b"\r\n\r\n",
        b"GET /v2/?" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v2/ HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 12_000 + b"\r\n",
        b"GET /v2/ HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 100_000,
    ],
)
def test_headers_without_measure_are_431(registry, head):
    with registry.connect() as sock:
        sock.sendall(head)
        received = read_all(sock)
    assert received.startswith(b"HTTP/1.1 431 ")
    assert b'{"errors":[{"code":' in received
    assert registry.request("GET", "/v2/").status == 200


def test_headers_of_a_usual_size_pass_again_and_again_on_one_connection(registry):
    request = b"GET /v2/ HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 20_000 + b"\r\n\r\n"
    with registry.connect() as sock:
        for _ in range(5):
            sock.sendall(request)
            assert sock.recv(65536).startswith(b"HTTP/1.1 200")


def test_a_body_does_not_count_as_headers(registry):
    assert registry.push_blob("conn/app", b"x" * 500_000)


def test_a_line_below_a_body_is_no_header(start, users):
    """A proxy that vouches for headers lets trailers through, and appends nothing to them."""
    registry = start(auth=users(alice="one"), trustedProxies=["127.0.0.1"])
    login = b"Authorization: Basic " + base64.b64encode(b"alice:one") + b"\r\n"
    head = b"POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
    assert registry.raw(head + login + b"\r\n0\r\n\r\n").startswith(b"HTTP/1.1 202")
    assert registry.raw(head + b"\r\n0\r\n" + login + b"\r\n").startswith(b"HTTP/1.1 401")
    marked = registry.raw(head + login + b"\r\n0\r\nX-Request-Id: from-below\r\nHost: y\r\n\r\n")
    assert marked.startswith(b"HTTP/1.1 202")
    assert b"from-below" not in marked
    put = head.replace(b"POST", b"PUT").replace(b"blobs/uploads/", b"manifests/v1") + login
    body = b'\r\n22\r\n{"schemaVersion":2,"manifests":[]}\r\n0\r\nA: b\r\n\r\n'
    with registry.connect() as sock:  # and what follows on the connection has headers again
        sock.sendall(put + body + put + b"Connection: close\r\n" + body)
        assert read_all(sock).count(b"HTTP/1.1 201") == 2


@pytest.mark.parametrize(("name", "sent"), [("IDLE_SECONDS", b""), ("HEADER_SECONDS", b"GET /v2/ HTT")])
def test_a_silent_client_is_let_go(registry, monkeypatch, name, sent):
    monkeypatch.setattr(connection, name, 0.1)
    begun = time.monotonic()
    with registry.connect() as sock:
        sock.sendall(sent)
        assert read_all(sock) == b""
    assert time.monotonic() - begun < 5


def test_a_client_that_takes_nothing_is_cut_off(registry, monkeypatch):
    monkeypatch.setattr(connection, "WRITE_SECONDS", 0.1)
    size = 30_000_000
    digest = registry.push_blob("conn/app", b"z" * size)
    with registry.connect() as sock:
        sock.sendall(f"GET /v2/conn/app/blobs/{digest} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        deadline = time.monotonic() + 5
        while connections(registry):
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_nothing_is_kept_of_a_connection_that_was_reset(registry):
    with registry.connect() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing is a reset
        sock.sendall(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert sock.recv(4096).endswith(b"{}")
    deadline = time.monotonic() + 5
    while any(isinstance(one, connection.Connection) for one in gc.get_objects()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
        gc.collect()


def test_a_request_that_is_answered_while_a_later_one_ends_the_connection_is_told(registry, monkeypatch, caplog):
    original, gone, ended = FileBlobStore.finish, threading.Event(), threading.Event()

    async def finish(self, upload, digest):
        await asyncio.to_thread(gone.wait, 10)
        try:
            return await original(self, upload, digest)
        finally:
            asyncio.get_running_loop().call_later(0.1, ended.set)

    monkeypatch.setattr(FileBlobStore, "finish", finish)
    digest = "sha256:" + hashlib.sha256(b"abc").hexdigest()
    head = f"POST /v2/conn/app/blobs/uploads/?digest={digest} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"
    with registry.connect() as sock:
        sock.sendall(head.encode() + b"abc" + b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n" + b"\0nonsense\r\n\r\n")
        assert read_all(sock).startswith(b"HTTP/1.1 400 ")
    deadline = time.monotonic() + 10
    while connections(registry):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    gone.set()
    assert ended.wait(10)
    assert "Exception in ASGI application" not in caplog.text


def test_a_slow_client_that_makes_progress_gets_everything(registry, monkeypatch):
    monkeypatch.setattr(connection, "WRITE_SECONDS", 0.15)
    content = b"z" * 12_000_000
    digest = registry.push_blob("conn/app", content)
    with registry.connect() as sock:
        sock.sendall(f"GET /v2/conn/app/blobs/{digest} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        received = 0
        while piece := sock.recv(400_000):
            received += len(piece)
            time.sleep(0.01)
    assert received > len(content)


def test_a_request_to_upgrade_is_answered_as_it_is(registry):
    answer = registry.request("GET", "/v2/", Upgrade="h2c", Connection="Upgrade")
    assert answer.status == 200


def connections(registry):
    """Open connections of the public listener."""
    return len(registry.wharf._listeners[0].server_state.connections)
