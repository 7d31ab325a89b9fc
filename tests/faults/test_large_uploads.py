"""Uploads that go past the page cache, cut off anywhere: what is told is what is stored, and nothing is left behind."""

import os
import random
import resource
import socket
import struct
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from e2e.faults.process import Client
from tools.bodies import Chunks, Length, put, sha
from tools.raw_http import message, read_answer

CONTENT = os.urandom(80 << 20)
"""More than LEAST of blobs/direct.py."""

PIECE = 1 << 20


@pytest.fixture
def client(process):
    """A client of a registry that runs."""
    process.start()
    client = Client(process.port)
    yield client
    client.close()


def begin(client):
    assert client.request("POST", "/v2/app/blobs/uploads/", b"")[0] == 202
    return client.headers["location"]


def send(process, head, body, upto):
    """Send so much of a body; the connection, or None where the registry was gone."""
    sock = socket.create_connection(("127.0.0.1", process.port), timeout=20)
    try:
        sock.sendall(head)
        for start in range(0, upto, PIECE):
            sock.sendall(body[start : min(start + PIECE, upto)])
    except OSError:
        sock.close()
        return None
    return sock


def offset(client, session):
    assert client.request("GET", session)[0] == 204
    last = int(client.headers["range"].removeprefix("0-"))
    return last + 1 if last else 0  # the specification has no other way to say that there is nothing


def held(process):
    """Connections and files that the registry has open."""
    names = []
    for link in Path(f"/proc/{process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            names.append(str(link.readlink()))
    return sum("/blobs/" in name or "/uploads/" in name or name.startswith("socket:") for name in names)


def settled(process):
    """What the registry holds once nothing changes."""
    last = -1
    deadline = time.monotonic() + 20
    while (now := held(process)) != last:
        assert time.monotonic() < deadline
        last = now
        time.sleep(0.3)
    return now


@pytest.mark.parametrize("form", [Length(), Chunks()], ids=["with its length", "in chunks"])
def test_after_a_kill_an_upload_goes_on_where_it_is_said_to_stand(process, client, form):
    session, at = begin(client), 0
    for share in (0.3, 0.9, 0.5):  # of the rest; what comes in chunks goes past the page cache from 64 MiB on
        rest = form.part(CONTENT[at:])
        head = message("PATCH", session, form.head(len(CONTENT) - at))
        sock = send(process, head, rest, int(len(rest) * share))
        process.kill()
        if sock is not None:
            sock.close()
        process.start()
        client.close()
        now = offset(client, session)
        assert at <= now < len(CONTENT)
        at = now
    last = message("PUT", f"{session}?digest={sha(CONTENT)}", f"Content-Length: {len(CONTENT) - at}")
    with send(process, last, CONTENT[at:], len(CONTENT) - at) as sock:
        assert read_answer(sock)[0].startswith(b"HTTP/1.1 201")
    assert client.request("GET", f"/v2/app/blobs/{sha(CONTENT)}") == (200, CONTENT)
    process.kill()
    command = [sys.executable, "-m", "wharf", "verify", "--data", str(process.data)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("form", [Length(), Chunks()], ids=["with its length", "in chunks"])
def test_an_upload_that_finds_no_room_half_way_is_refused_and_leaves_none_taken(process, client, form):
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (70_000_001, resource.RLIM_INFINITY))
    session = begin(client)
    body = form.part(CONTENT) + form.end
    with socket.create_connection(("127.0.0.1", process.port), timeout=20) as sock:
        with suppress(OSError):  # it is told before it has sent all
            sock.sendall(put(form, session, CONTENT))
            sock.sendall(body)
        assert read_answer(sock)[0].startswith(b"HTTP/1.1 507")
    assert client.request("GET", session)[0] == 404
    assert not list(process.data.glob("uploads/*/*"))
    small = CONTENT[: 1 << 20]
    assert client.request("POST", f"/v2/app/blobs/uploads/?digest={sha(small)}", small)[0] == 201


def test_what_is_cut_off_again_and_again_leaves_nothing_open(process, client):
    session = begin(client)
    with send(process, put(Length(), session, CONTENT), CONTENT, len(CONTENT)) as sock:
        assert read_answer(sock)[0].startswith(b"HTTP/1.1 201")
    client.close()
    before = 0
    source = random.Random(1)  # noqa: S311 - it must be repeatable
    for number in range(30):
        session = begin(client)
        for head in (
            message("PATCH", session, f"Content-Length: {len(CONTENT)}"),
            message("GET", f"/v2/app/blobs/{sha(CONTENT)}"),
        ):
            sock = send(process, head, CONTENT, source.randrange(3 << 20) if head.startswith(b"PATCH") else 0)
            assert sock is not None
            if head.startswith(b"GET"):
                assert sock.recv(1000)
            if number % 2:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()
        if number == 5:  # by now all is open that stays so
            client.close()
            before = settled(process)
    client.close()
    deadline = time.monotonic() + 20
    while held(process) > before:
        assert time.monotonic() < deadline
        time.sleep(0.05)
