"""Requests that are changed at random, sent to a registry: it answers no 5xx, and goes on."""

import contextlib
import os
import random
import re
import socket
import time

from e2e.faults.process import Client
from tools.fuzz import mutated

SECONDS = float(os.environ.get("WHARF_FUZZ_SECONDS", "3"))
"""How long it goes on; a night of it is worth more."""

DIGEST = b"sha256:" + b"0" * 64
HOST = b" HTTP/1.1\r\nHost: x\r\n"
SEEDS = [
    b"GET /v2/" + HOST + b"\r\n",
    b"GET /v2/a/tags/list?n=5&last=x" + HOST + b"\r\n",
    b"GET /v2/a/blobs/" + DIGEST + HOST + b"Range: bytes=0-5\r\n\r\n",
    b"GET /v2/a/manifests/v1" + HOST + b"Accept: a/b, c/d;q=0.5\r\nAuthorization: Basic Og==\r\n\r\n",
    b"GET /v2/a/referrers/" + DIGEST + b"?artifactType=a/b" + HOST + b"\r\n",
    b"GET /v2/_catalog?n=1" + HOST + b"\r\n",
    b"GET /v2/repositories/a/tags/?page=1&page_size=2" + HOST + b"\r\n",
    b"GET /v2/token?scope=repository:a:pull&service=x" + HOST + b"\r\n",
    b"POST /v2/a/blobs/uploads/?mount=" + DIGEST + b"&from=b" + HOST + b"Content-Length: 0\r\n\r\n",
    b"POST /v2/a/blobs/uploads/?digest=" + DIGEST + HOST + b"Content-Length: 3\r\n\r\nabc",
    b"PATCH /v2/a/blobs/uploads/" + b"a" * 32 + HOST + b"Content-Range: 0-2\r\nContent-Length: 3\r\n\r\nabc",
    b"POST /v2/a/blobs/uploads/" + HOST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"PUT /v2/a/manifests/v1?tag=a&tag=b" + HOST + b'Content-Length: 33\r\n\r\n{"schemaVersion":2,"manifests":[]}',
    b"DELETE /v2/a/manifests/v1" + HOST + b"X-Forwarded-For: 1.2.3.4\r\n\r\n",
]

LONG = b"POST /v2/a/blobs/uploads/?digest=" + DIGEST + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
LONG += (b"8000\r\n" + b"x" * 32768 + b"\r\n") * 12
"""Chunks that are so many that they are no longer read as HTTP."""

TAILS = [
    b"3\r\nabc\r\n0\r\n\r\n" + SEEDS[0],
    b"A;name=value\r\n0123456789\r\n00\r\nContent-Length: 5\r\n\r\n" + SEEDS[0],
]


def test_no_request_is_answered_with_an_error_of_the_registry(process):
    process.start()
    seed = random.SystemRandom().randrange(1 << 32)
    source = random.Random(seed)  # noqa: S311 - it must be repeatable
    end, sent = time.monotonic() + SECONDS, 0
    while time.monotonic() < end:
        requests = [mutated(source, SEEDS) for _ in range(20)] + [LONG + mutated(source, TAILS) for _ in range(5)]
        sent += len(requests)
        for request, answer in zip(requests, exchanged(process.port, requests), strict=True):
            found = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]
            assert all(status < 500 for status in found), (seed, request, answer)
        assert process.alive(), (seed, requests, process.log[-2000:])
    with contextlib.closing(Client(process.port)) as client:
        assert client.request("GET", "/v2/")[0] == 200
    assert sent > 20
    assert "Traceback" not in process.log, (seed, process.log[-4000:])


def exchanged(port, requests):
    """What is answered to each, on a connection of its own, up to the end of what the client has to say."""
    with contextlib.ExitStack() as opened:
        connections = []
        for request in requests:
            connection = opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
            connections.append(connection)
            with contextlib.suppress(OSError):
                connection.sendall(request)
                connection.shutdown(socket.SHUT_WR)
        return [received(connection) for connection in connections]


def received(connection):
    answer = b""
    with contextlib.suppress(OSError):
        while piece := connection.recv(65536):
            answer += piece
    return answer
