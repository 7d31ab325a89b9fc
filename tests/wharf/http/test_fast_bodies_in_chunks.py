"""Bodies in chunks that are received below HTTP from their middle on: what is odd or wrong is left to the parser."""

import contextlib
import os
import re
import time

import pytest
from tools.bodies import Chunks, begin, offset, put, stored
from tools.raw_http import read_answer

from wharf.http import fast_bodies
from wharf.http.fast_bodies import Receiver

CONTENT = os.urandom(3_000_000)


def wait_until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def half(either, monkeypatch):
    """A body in chunks of which much has come, so that it is taken in its middle; and its connection."""
    made = []
    monkeypatch.setattr(fast_bodies, "LEAST", 100_000)
    original = Receiver.__init__

    def init(self, *arguments):
        original(self, *arguments)
        made.append(self)

    monkeypatch.setattr(Receiver, "__init__", init)
    form, session = Chunks(), begin(either)
    with either.connect() as sock:
        sock.sendall(put(form, session, CONTENT))
        sock.sendall(form.part(CONTENT[:400_000]))
        wait_until(lambda: made and made[0].received)
        yield session, sock
    assert len(made) == 1


def test_a_body_in_chunks_is_taken_in_its_middle(either, half):
    _, sock = half
    sock.sendall(Chunks().part(CONTENT[400_000:]) + Chunks.end)
    assert read_answer(sock)[0].startswith(b"HTTP/1.1 201")
    assert stored(either, CONTENT)


@pytest.mark.parametrize(
    ("extended", "end"),
    [(b";a=b", b"0\r\n\r\n"), (b"", b"0\r\nA: b\r\n\r\n"), (b"", b"0000;a\r\nContent-Type: a/b\r\nHost: y\r\n\r\n")],
    ids=["an extension", "a trailer", "both at the end"],
)
def test_what_else_a_body_in_chunks_may_have_is_left_to_the_parser(either, half, extended, end):
    _, sock = half
    rest = CONTENT[400_000:]
    framed = b"%x%b\r\n%b\r\n" % (1_000_000, extended, rest[:1_000_000]) + Chunks().part(rest[1_000_000:]) + end
    sock.sendall(framed + b"GET /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    received = b""
    while piece := sock.recv(65536):
        received += piece
    assert re.findall(rb"HTTP/1\.1 (\d+)", received) == [b"201", b"200"]
    assert stored(either, CONTENT)


@pytest.mark.parametrize(
    "wrong",
    [
        b"-1\r\n",
        b"0x3\r\nabc",
        b"3\nabc\n",
        b"3;a\nabc",
        b"3 \r\nabc",
        b"\r\n",
        b"f" * 17,
        b"3\r\nabcd\r\n",
        b"0\r\nA : b\r\n\r\n",
    ],
)
def test_wrong_chunks_are_400_wherever_they_come(either, half, wrong):
    session, sock = half
    sock.sendall(
        Chunks().part(CONTENT[400_000:500_000]) + wrong + b"GET /v2/hidden/tags/list HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := sock.recv(65536):
            received += piece
    assert received.startswith(b"HTTP/1.1 400")
    assert b"connection: close" in received
    assert received.count(b"HTTP/1.1 ") == 1
    wait_until(lambda: offset(either, session) >= 500_000)
