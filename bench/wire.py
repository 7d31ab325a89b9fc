"""A client of large bodies that costs next to nothing, so that the time is the server's.

Rule: it does what a client must for the server to do all its work, and no more. A body that is fetched is dropped in
the kernel and only counted; one that is sent leaves by sendfile and, over TLS, was encrypted before the clock starts.
What the content is worth is for the tests to say.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from bench.load import LoadError, authorization
from bench.machine import Place
from bench.servers import Server

READ = 4 << 20
"""Most bytes dropped with one call."""

WAKE = 512 << 10
"""Bytes that are waited for at a time, where so many are to come: who is woken for each packet costs the server too."""

STEP = 1 << 20
"""Bytes encrypted at a time."""

RECORD, OVERHEAD = 16 << 10, 22
"""Most content of a TLS 1.3 record, and the bytes that each costs at least (RFC 8446, section 5.2)."""

CHUNK, BUFFER = 32 << 10, 4 << 10
"""Bytes that Go's HTTP client, and so Docker, sends as a chunk; and of its buffer, which is sent when it is full."""

OCTETS = "Content-Type: application/octet-stream"

SILENCE = 120.0
"""Seconds without a byte after which a server is given up."""


class Answer(NamedTuple):
    """The head of an answer: what it says, and how many bytes came over the wire until it was read."""

    status: int
    location: str
    received: int


class Wire:
    """One connection, over TLS where the server has it. The session's records are made and read in memory."""

    def __init__(self, server: Server, place: Place) -> None:
        self.server = server
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=SILENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = f"Host: 127.0.0.1:{server.port}\r\nConnection: close\r\n"
        if server.login:
            self._head += f"Authorization: {authorization(place)}\r\n"
        self._session: ssl.SSLObject | None = None
        if server.tls:
            self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            context = ssl.create_default_context(cafile=str(place.certificate))
            self._session = context.wrap_bio(self._incoming, self._outgoing, server_hostname="127.0.0.1")
            self._shake_hands(self._session)

    def sealed(self, content: bytes) -> bytes:
        """Bytes as they go over the wire."""
        if self._session is None:
            return content
        self._session.write(content)
        return self._outgoing.read()

    def head(self, method: str, path: str, *lines: str) -> bytes:
        """A request's head, as it goes over the wire."""
        text = f"{method} {path} HTTP/1.1\r\n{self._head}" + "".join(f"{line}\r\n" for line in lines) + "\r\n"
        return self.sealed(text.encode())

    def answer(self) -> Answer:
        """Read the head of the answer."""
        got, received = b"", 0
        while b"\r\n\r\n" not in got:
            raw = self.socket.recv(16 << 10)
            received += len(raw)
            got += self._plain(raw)
        location = re.search(rb"(?i)\r\nlocation: *(\S+)", got)
        return Answer(int(got.split(b" ", 2)[1]), location[1].decode() if location else "", received)

    def drop(self, least: int) -> None:
        """Let `least` bytes go, as they come over the wire."""
        nowhere = bytearray(READ)
        while least > 0:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, min(least, WAKE))
            count = self.socket.recv_into(nowhere, READ, socket.MSG_TRUNC)
            if not count:
                raise LoadError(f"{self.server.name} hung up with {least} bytes to come")
            least -= count

    def _plain(self, raw: bytes) -> bytes:
        if not raw:
            raise LoadError(f"{self.server.name} hung up")
        if self._session is None:
            return raw
        self._incoming.write(raw)
        plain = b""
        try:
            while piece := self._session.read(STEP):
                plain += piece
        except ssl.SSLWantReadError:
            pass
        return plain

    def _shake_hands(self, session: ssl.SSLObject) -> None:
        while True:
            try:
                session.do_handshake()
            except ssl.SSLWantReadError:
                self.socket.sendall(self._outgoing.read())
                self._incoming.write(self.socket.recv(16 << 10))
            else:
                self.socket.sendall(self._outgoing.read())
                return


@contextmanager
def connected(server: Server, place: Place) -> Iterator[Wire]:
    """A connection that ends."""
    wire = Wire(server, place)
    try:
        yield wire
    finally:
        wire.socket.close()


def fetch(server: Server, place: Place, path: str, size: int) -> float:
    """GET a body of `size` bytes and drop it; seconds from the request to the last byte."""
    with connected(server, place) as wire:
        request = wire.head("GET", path)
        begun = time.perf_counter()
        wire.socket.sendall(request)
        answer = wire.answer()
        if answer.status != 200:
            raise LoadError(f"{server.name} answered {answer.status} to {path}")
        wire.drop(size + (size // RECORD * OVERHEAD if server.tls else 0) - answer.received)
        return time.perf_counter() - begun


def send(server: Server, place: Place, path: str, blob: Path) -> float:
    """PUT a file; seconds from the request to the answer."""
    with connected(server, place) as wire, blob.open("rb") as content:
        request = wire.head("PUT", path, f"Content-Length: {blob.stat().st_size}", OCTETS)
        if not server.tls:
            return _send(wire, request, content.fileno(), 201)[0]
        with _in_memory(wire.sealed(piece) for piece in iter(lambda: content.read(STEP), b"")) as body:
            return _send(wire, request, body, 201)[0]


def send_in_chunks(server: Server, place: Place, path: str, blob: Path) -> tuple[float, str]:
    """PATCH with a file in chunks, as Docker does; seconds from the request to the answer, and its Location."""
    with connected(server, place) as wire, blob.open("rb") as content:
        request = wire.head("PATCH", path, "Transfer-Encoding: chunked", OCTETS)
        with _in_memory(wire.sealed(piece) for piece in _chunked(content)) as body:
            return _send(wire, request, body, 202)


def _chunked(content: BinaryIO) -> Iterator[bytes]:
    """What Go's client writes, over TLS each in records of its own."""
    while piece := content.read(CHUNK):
        framed = b"%x\r\n%b\r\n" % (len(piece), piece)
        yield framed[:BUFFER]
        yield framed[BUFFER:-2]
        yield framed[-2:]
    yield b"0\r\n\r\n"


@contextmanager
def _in_memory(pieces: Iterable[bytes]) -> Iterator[int]:
    """A file of these pieces that is on no disk."""
    body = os.memfd_create("body")
    try:
        for piece in pieces:
            os.write(body, piece)
        yield body
    finally:
        os.close(body)


def _send(wire: Wire, request: bytes, body: int, expect: int) -> tuple[float, str]:
    """Send a request and the file that is its body; seconds until the answer, and its Location."""
    at, length = 0, os.fstat(body).st_size
    wire.socket.setblocking(True)
    begun = time.perf_counter()
    wire.socket.sendall(request)
    while at < length:
        at += os.sendfile(wire.socket.fileno(), body, at, length - at)
    answer = wire.answer()
    seconds = time.perf_counter() - begun
    if answer.status != expect:
        raise LoadError(f"{wire.server.name} answered {answer.status} to a body of {length} bytes")
    return seconds, answer.location
