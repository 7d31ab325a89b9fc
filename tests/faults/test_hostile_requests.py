"""Requests that try to be read in two ways, to climb out of the data directory, or to cost more than they weigh.

Rule: a clear refusal, never a 5xx, and never an answer to what was hidden inside another request.
"""

import contextlib
import json
import re
import socket
import time
from pathlib import Path

import pytest
from e2e.faults.process import Client

POST = b"POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: x\r\n"
GET = b"GET /v2/ HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
LONG = (
    b"POST /v2/a/blobs/uploads/?digest=sha256:"
    + b"0" * 64
    + b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
) + (b"8000\r\n" + b"x" * 32768 + b"\r\n") * 30
"""Chunks that are so many that they are no longer read as HTTP."""

HIDDEN = b"GET /v2/hidden/tags/list HTTP/1.1\r\nHost: x\r\n\r\n"
"""What must not be answered; its answer would name the repository."""

REFUSED = {
    "length and encoding": POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "encoding and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "the same length twice": POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "a list of lengths": POST + b"Content-Length: 3, 3\r\n\r\nabc",
    "a length with a sign": POST + b"Content-Length: +3\r\n\r\nabc",
    "a length in hex": POST + b"Content-Length: 0x3\r\n\r\nabc",
    "a length without end": POST + b"Content-Length: 99999999999999999999999\r\n\r\nabc",
    "a length as Python writes it": POST + b"Content-Length: 1_0\r\n\r\nabc",
    "no length": POST + b"Content-Length: \r\n\r\n",
    "two encodings": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "chunked twice": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "an encoding like chunked": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a control before the encoding": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "a folded line": GET + b"X: a\r\n b\r\n\r\n",
    "a folded encoding": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "bare line feeds": b"GET /v2/ HTTP/1.1\nHost: x\n\n",
    "a bare line feed": b"GET /v2/ HTTP/1.1\r\nHost: x\nX: y\r\n\r\n",
    "a bare carriage return": POST + b"X: y\rTransfer-Encoding: chunked\r\n\r\n",
    "a nought in a header": GET + b"X: a\x00b\r\n\r\n",
    "a chunk extension that ends in a line feed": CHUNKED + b"3;a\nabc\r\n0\r\n\r\n",
    "a chunk of negative size": CHUNKED + b"-1\r\nabc\r\n0\r\n\r\n",
    "a chunk size with a prefix": CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n",
    "a chunk size without end": CHUNKED + b"ffffffffffffffffff\r\nabc",
    "a chunk that is longer than it says": CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n",
    "chunks that end in line feeds": CHUNKED + b"3\nabc\n0\n\n",
    "a chunk without a size": CHUNKED + b"\r\n",
    "a method with a control": b"G\x01T /v2/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "a path with a space": b"GET /v2/ x HTTP/1.1\r\nHost: x\r\n\r\n",
    "HTTP/0.9": b"GET /v2/\r\n\r\n",
    "HTTP/2 without being asked": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a tunnel": b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)),
    "a path of 40 kB": b"GET /v2/" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "5000 headers": GET + b"".join(b"A%d: b\r\n" % number for number in range(5000)) + b"\r\n",
}


@pytest.fixture
def served(process):
    process.start()
    yield process
    assert process.alive(), process.log
    with contextlib.closing(Client(process.port)) as client:
        assert client.request("GET", "/v2/")[0] == 200
    assert "Traceback" not in process.log
    process.kill()


def exchange(port, sent):
    """All that is answered until the registry closes, or has said nothing for a moment."""
    with socket.create_connection(("127.0.0.1", port), timeout=0.3) as connection:
        received = b""
        with contextlib.suppress(TimeoutError, ConnectionResetError, BrokenPipeError):
            connection.sendall(sent)
            while piece := connection.recv(65536):
                received += piece
        return received


def statuses(answer):
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


def test_what_could_be_read_in_two_ways_is_refused_and_the_connection_closed(served):
    for case, request in REFUSED.items():
        answer = exchange(served.port, request + HIDDEN)
        assert statuses(answer) in ([400], [431]), (case, answer)
        assert b"hidden" not in answer, case


def test_chunks_are_refused_as_well_when_they_come_below_http(served):
    cases = {case: request for case, request in REFUSED.items() if request.startswith(CHUNKED)}
    assert len(cases) > 5
    for case, request in cases.items():
        answer = exchange(served.port, LONG + request.removeprefix(CHUNKED) + HIDDEN)
        assert statuses(answer) == [400], (case, answer)
        assert b"connection: close" in answer, case
        assert b"hidden" not in answer, case
    answer = exchange(served.port, LONG + b"0\r\nA: b\r\n\r\n" + GET + b"\r\n")
    assert statuses(answer) == [400, 200], answer  # the digest is wrong, and the connection is not


@pytest.mark.parametrize(
    "request_",
    [
        POST + b"Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n",  # white space that RFC 9112 allows
        b"POST /v2/a/blobs/uploads/ HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        GET + b"Content-Length: %d\r\n\r\n" % len(HIDDEN),
    ],
    ids=["a tab", "chunks of HTTP/1.0", "a GET with a body"],
)
def test_what_can_be_read_in_one_way_only_hides_nothing(served, request_):
    answer = exchange(served.port, request_ + HIDDEN)
    assert statuses(answer)[0] in (200, 202), answer
    assert b"hidden" not in answer


UP = ["..", "%2e%2e", "%2E.", "..%2f..", "..%5c..", "%252e%252e", "..%00", ".", "%c0%ae%c0%ae", "\u2025"]
PLACES = (
    "/v2/{}/manifests/v1",
    "/v2/a/{}/b/manifests/v1",
    "/v2/a/manifests/{}",
    "/v2/a/manifests/{}/{}/{}/etc/passwd",
    "/v2/a/blobs/{}",
    "/v2/a/blobs/sha256:{}",
    "/v2/a/blobs/sha256:{}%2f{}%2f{}%2fetc%2fpasswd",
    "/v2/a/blobs/uploads/{}",
    "/v2/{}/{}/{}/etc/passwd",
    "/{}/{}/etc/passwd",
    "/v2/a/referrers/{}",
    "/v2/a/tags/list/{}",
)


def test_no_name_and_no_digest_leads_out_of_the_data(served, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    before = sorted(path.name for path in tmp_path.iterdir())
    for up in UP:
        for place in PLACES:
            path = place.replace("{}", up).encode()
            for method in (b"GET", b"PUT", b"DELETE", b"PATCH"):
                head = method + b" " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                (status,) = statuses(exchange(served.port, head + b"Content-Length: 2\r\n\r\n{}"))
                assert 400 <= status < 500, (method, path, status)
    for query in ("?digest=sha256:..%2f..%2fsecret", "?mount=sha256:%2e%2e&from=..", "?digest-algorithm=../../x"):
        with contextlib.closing(Client(served.port)) as client:
            status, _ = client.request("POST", f"/v2/a/blobs/uploads/{query}", b"x")
            assert status in (202, 400), query
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert secret.read_text() == "secret"


DIGEST = "sha256:" + "0" * 64
BOMBS = {
    "arrays in arrays": b"[" * 2_000_000 + b"]" * 2_000_000,
    "an unknown field with arrays in arrays": b'{"x":' + b"[" * 2_000_000 + b"]" * 2_000_000 + b"}",
    "objects in objects": b'{"a":' * 600_000 + b"1" + b"}" * 600_000,
    "four megabytes of empty arrays": b'{"layers":[' + b",".join([b"[]"] * 1_000_000) + b"]}",
    "four megabytes of small descriptors": b'{"layers":[' + b",".join([b'{"digest":"a:b","size":1}'] * 150_000) + b"]}",
    "a number of a million digits": b'{"schemaVersion":' + b"9" * 1_000_000 + b"}",
    "a size beyond every integer": json.dumps({"layers": [{"digest": DIGEST, "size": 10**400}]}).encode(),
    "a size that is not finite": b'{"layers":[{"digest":"a:b","size":1e999999}]}',
    "a negative size": json.dumps({"config": {"digest": DIGEST, "size": -1}, "layers": []}).encode(),
    "a field twice": b'{"schemaVersion":2,"config":{"digest":"a:b"},"config":{"digest":"../../x"},"layers":[]}',
    "no UTF-8": b'{"mediaType":"\xff\xfe"}',
    "half a surrogate": b'{"mediaType":"\\ud800"}',
    "UTF-16": '{"schemaVersion":2}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "a text that has no end": b'{"mediaType":"' + b"a" * 4_000_000,
    "annotations without measure": json.dumps({"annotations": {str(n): "" for n in range(200_000)}}).encode(),
    "nothing": b"",
    "a number": b"1",
    "null": b"null",
}
TYPES = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json", "application/x", "")


def test_json_bombs_are_refused_in_little_memory(served):
    with contextlib.closing(Client(served.port)) as client:
        for case, bomb in BOMBS.items():
            for kind in TYPES:
                headers = {"Content_Type": kind} if kind else {}
                status, answer = client.request("PUT", "/v2/a/manifests/v1", bomb, **headers)
                assert status in (201, 400, 404), (case, kind, status, answer[:300])
                assert status != 201 or kind == "application/x", (case, kind)
                assert len(answer) < 100_000, (case, kind)
    peak = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{served.pid}/status").read_text())
    assert int(peak[1]) < 400_000, f"{peak[1]} KiB at its peak"


def test_a_client_that_lies_or_leaves_at_any_point_loses_nothing_of_others(served, tmp_path):
    """Every prefix of a push, cut off at every kind of place; then an honest push of the same."""
    content = b"x" * 300_000
    head = POST.replace(b"uploads/ ", b"uploads/?digest=" + DIGEST.encode() + b" ")
    pushes = [
        head + b"Content-Length: 300000\r\n\r\n" + content,  # and the digest is a lie
        head + b"Transfer-Encoding: chunked\r\n\r\n493e0\r\n" + content + b"\r\n0\r\n\r\n",
        POST + b"Content-Length: 0\r\n\r\n",
        b"PUT /v2/a/manifests/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n" + content,
    ]
    for push in pushes:
        for length in (1, 10, len(push.partition(b"\r\n\r\n")[0]), len(push) // 2, len(push) - 1):
            with socket.create_connection(("127.0.0.1", served.port), timeout=5) as connection:
                connection.sendall(push[:length])
        assert all(status < 500 for status in statuses(exchange(served.port, push)))
    deadline = time.monotonic() + 10
    while left := [path for path in (tmp_path / "data" / "uploads").glob("*/*") if path.stat().st_size]:
        assert time.monotonic() < deadline, left  # sessions that nobody was told of end with their request
        time.sleep(0.02)
    assert list((tmp_path / "data" / "blobs").glob("sha256/*/*")) == []


def test_a_download_that_is_broken_off_anywhere_leaves_nothing_open(served, pushers):
    pusher = pushers[0]
    pusher.push("v1")
    digest, content = max(pusher.memory.blobs.items(), key=lambda item: len(item[1]))
    before = len(list(Path(f"/proc/{served.pid}/fd").iterdir()))
    for wanted in (0, 1, 100, len(content) // 2):
        left = wanted
        with socket.create_connection(("127.0.0.1", served.port), timeout=5) as connection:
            connection.sendall(b"GET /v2/one/blobs/" + digest.encode() + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            while left > 0 and (piece := connection.recv(left)):
                left -= len(piece)
    deadline = time.monotonic() + 10
    while len(list(Path(f"/proc/{served.pid}/fd").iterdir())) > before:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert pusher.ask("GET", f"/v2/one/blobs/{digest}") == (200, content)
