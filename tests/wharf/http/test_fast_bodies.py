"""Bodies that are received below HTTP: every byte, whoever hangs up, stalls, lies or goes on too early."""

import contextlib
import hashlib
import itertools
import os
import re
import time

import pytest

from wharf.blobs import direct
from wharf.blobs.interface import NoSpaceError
from wharf.blobs.session import Session
from wharf.http import fast_bodies
from wharf.http.fast_bodies import Receiver

UPLOADS = "/v2/fast/app/blobs/uploads/"
CONTENT = os.urandom(3_000_000)


def sha(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


@pytest.fixture(scope="module")
def secure(start_once, make_pair):
    place = start_once
    certificate, key = make_pair("localhost")
    (place.path / "tls.crt").write_bytes(certificate)
    (place.path / "tls.key").write_bytes(key)
    tls = {"certificate": str(place.path / "tls.crt"), "key": str(place.path / "tls.key")}
    return place("secure.yaml", tls=tls, data=str(place.path / "secure"))


@pytest.fixture(params=["plain", "TLS"])
def either(request):
    """A registry over plain TCP, and one over TLS."""
    return request.getfixturevalue("registry" if request.param == "plain" else "secure")


class Length:
    """A body whose length is announced."""

    end = b""

    def head(self, length):
        return f"Content-Length: {length}"

    def part(self, content):
        return content


class Chunks:
    """A body in chunks of many sizes, some of them no larger than what frames them."""

    end = b"0\r\n\r\n"

    def head(self, length):
        return "Transfer-Encoding: chunked"

    def part(self, content):
        framed, sizes = b"", itertools.cycle([9000, 1, 32_768, 5, 100_000, 400, 16])
        while content:
            size = min(next(sizes), len(content))
            framed += b"%x\r\n%b\r\n" % (size, content[:size])
            content = content[size:]
        return framed


@pytest.fixture(params=[Length, Chunks])
def form(request):
    """How the body is framed."""
    return request.param()


@pytest.fixture
def taken(monkeypatch, form):
    """The receivers that were made; their buffers are small, so that little content passes through many."""
    made = []
    original = Receiver.__init__

    def init(self, *arguments):
        original(self, *arguments)
        made.append(self)

    monkeypatch.setattr(Receiver, "__init__", init)
    monkeypatch.setattr(fast_bodies, "LEAST", 1000 if isinstance(form, Length) else 0)
    monkeypatch.setattr(fast_bodies, "SIZE", 30_000)
    return made


def begin(registry):
    answer = registry.request("POST", UPLOADS)
    assert answer.status == 202
    return answer.headers["Location"]


def offset(registry, session):
    return int(registry.request("GET", session).headers["Range"].removeprefix("0-")) + 1


def put(form, session, content, *lines):
    head = [f"PUT {session}?digest={sha(content)} HTTP/1.1", "Host: x", *lines, form.head(len(content))]
    return "\r\n".join([*head, "", ""]).encode()


def answer_of(sock):
    received = b""
    while b"\r\n\r\n" not in received:
        piece = sock.recv(65536)
        assert piece, received
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    while length is not None and len(body) < int(length[1]):
        body += sock.recv(65536)
    return head


def stored(registry, content):
    return registry.request("GET", f"/v2/fast/app/blobs/{sha(content)}").body == content


def wait_until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("size", [1000, 29_999, 30_000, 30_001, 90_000, 2_999_999])
def test_all_bytes_arrive(either, form, taken, size):
    content = CONTENT[-size:]
    with either.connect() as sock:
        for _ in range(2):  # on one connection
            session = begin(either)
            sock.sendall(put(form, session, content))
            time.sleep(0.03)
            sock.sendall(form.part(content) + form.end)
            assert answer_of(sock).startswith(b"HTTP/1.1 201")
    assert stored(either, content)
    assert len(taken) == 2


def test_head_and_body_may_come_together_and_the_next_request_with_them(either, form, taken):
    content = CONTENT[:700_000]
    session = begin(either)
    after = b"GET /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with either.connect() as sock:
        sock.sendall(put(form, session, content) + form.part(content) + form.end + after)
        received = b""
        while piece := sock.recv(65536):
            received += piece
    assert received.startswith(b"HTTP/1.1 201")
    assert received.count(b"HTTP/1.1 ") == 2
    assert received.endswith(b"{}")
    assert stored(either, content)
    assert taken


def test_a_request_inside_a_body_is_content(either, form, taken):
    content = b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n" * 40_000  # more than is read before the handler runs
    session = begin(either)
    with either.connect() as sock:
        sock.sendall(put(form, session, content))
        for start in range(0, len(content), 31 * 1000):
            sock.sendall(form.part(content[start : start + 31 * 1000]))
        sock.sendall(form.end)
        assert answer_of(sock).startswith(b"HTTP/1.1 201")
        sock.sendall(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer_of(sock).startswith(b"HTTP/1.1 200")
    assert stored(either, content)
    assert len(taken) == 1


def test_a_client_that_asks_first_is_told_to_go_on(either, form, taken):
    content = CONTENT[:100_000]
    session = begin(either)
    with either.connect() as sock:
        sock.sendall(put(form, session, content, "Expect: 100-continue"))
        assert answer_of(sock).startswith(b"HTTP/1.1 100 ")
        sock.sendall(form.part(content) + form.end)
        assert answer_of(sock).startswith(b"HTTP/1.1 201")
    assert taken


def test_a_client_that_hangs_up_keeps_what_arrived(either, form, taken):
    session = begin(either)
    with either.connect() as sock:
        sock.sendall(put(form, session, CONTENT))
        sock.sendall(form.part(CONTENT[:100_001]))
        wait_until(lambda: taken and taken[0].received == 100_001)
    wait_until(lambda: offset(either, session) == 100_001)
    rest = CONTENT[100_001:]
    answer = either.request("PATCH", session, rest, Content_Range=f"100001-{len(CONTENT) - 1}")
    assert answer.status == 202
    assert either.request("PUT", f"{session}?digest={sha(CONTENT)}").status == 201


def test_a_request_that_is_cancelled_keeps_what_arrived(either, form, taken):
    session = begin(either)
    with either.connect() as sock:
        sock.sendall(put(form, session, CONTENT))
        sock.sendall(form.part(CONTENT[:100_001]))
        wait_until(lambda: taken and taken[0].received == 100_001)

        async def cancel():
            for task in either.wharf._listeners[0][0].server_state.tasks:
                task.cancel()

        either.call(cancel)
        wait_until(lambda: offset(either, session) == 100_001)


def test_a_client_that_stalls_is_told_so_and_keeps_what_arrived(either, form, taken, monkeypatch):
    monkeypatch.setattr("wharf.http.messages.BODY_SILENCE", 0.2)
    session = begin(either)
    with either.connect() as sock:
        sock.sendall(put(form, session, CONTENT) + form.part(CONTENT[:50_000]))
        received = answer_of(sock)
        assert received.startswith(b"HTTP/1.1 408")
        assert b"connection: close" in received
        while sock.recv(65536):
            pass
    assert taken[0].received == offset(either, session) == 50_000


def test_a_client_that_sends_slowly_is_left_alone(registry, form, taken, monkeypatch):
    monkeypatch.setattr("wharf.http.messages.BODY_SILENCE", 0.4)
    content = CONTENT[:2000]
    session = begin(registry)
    with registry.connect() as sock:
        sock.sendall(put(form, session, content))
        for start in range(0, 2000, 200):
            time.sleep(0.1)
            sock.sendall(form.part(content[start : start + 200]))
        sock.sendall(form.end)
        assert answer_of(sock).startswith(b"HTTP/1.1 201")
    assert taken


def test_a_full_disk_is_answered_though_the_client_still_sends(either, form, taken, monkeypatch):
    def full(self, pieces):
        raise NoSpaceError

    session = begin(either)
    with monkeypatch.context() as patch, either.connect() as sock:
        patch.setattr(Session, "write", full)
        sock.sendall(put(form, session, CONTENT) + form.part(CONTENT))
        received = answer_of(sock)
    assert received.startswith(b"HTTP/1.1 507")
    assert b"connection: close" in received
    assert taken
    assert either.request("GET", session).status == 404  # its room is for others


def test_a_failed_write_after_the_last_byte_leaves_a_good_connection(registry, form, taken, monkeypatch):
    def full(self, pieces):
        raise NoSpaceError

    with monkeypatch.context() as patch, registry.connect() as sock:
        patch.setattr(Session, "write", full)
        sock.sendall(put(form, begin(registry), CONTENT[:20_000]))
        time.sleep(0.05)
        sock.sendall(form.part(CONTENT[:20_000]) + form.end)
        assert answer_of(sock).startswith(b"HTTP/1.1 507")
        sock.sendall(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer_of(sock).startswith(b"HTTP/1.1 200")
    assert taken


def test_the_wrong_digest_is_refused_on_a_connection_that_goes_on(either, form, taken):
    content = CONTENT[:80_000]
    with either.connect() as sock:
        sock.sendall(put(form, begin(either), content))
        time.sleep(0.05)
        sock.sendall(form.part(content[:-1] + bytes([content[-1] ^ 1])) + form.end)
        assert answer_of(sock).startswith(b"HTTP/1.1 400")
        sock.sendall(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer_of(sock).startswith(b"HTTP/1.1 200")
    assert taken


def test_memory_is_bounded_while_the_disk_is_slow(either, form, taken, monkeypatch):
    original = Session.write
    most = []

    def slow(self, pieces):
        time.sleep(0.002)
        most.append(sum(len(piece) for piece in pieces))
        original(self, pieces)

    monkeypatch.setattr(Session, "write", slow)
    session = begin(either)
    with either.connect() as sock:
        sock.sendall(put(form, session, CONTENT))
        sock.sendall(form.part(CONTENT) + form.end)
        assert answer_of(sock).startswith(b"HTTP/1.1 201")
    assert stored(either, CONTENT)
    assert taken[0]._made <= taken[0].most
    assert max(most) <= fast_bodies.COUNT * 30_000 + 300_000  # the parser may have read a part before


def test_many_at_once(either, form, taken):
    contents = [os.urandom(500_000) for _ in range(8)]
    socks = [either.connect() for _ in contents]
    for sock, content in zip(socks, contents, strict=True):
        sock.sendall(put(form, begin(either), content))
    for start in range(0, 500_000, 50_000):
        for sock, content in zip(socks, contents, strict=True):
            sock.sendall(form.part(content[start : start + 50_000]))
    for sock in socks:
        sock.sendall(form.end)
        assert answer_of(sock).startswith(b"HTTP/1.1 201")
        sock.close()
    assert all(stored(either, content) for content in contents)
    assert len(taken) == 8


def test_small_bodies_take_the_usual_way(registry, taken, monkeypatch, form):
    monkeypatch.setattr(fast_bodies, "LEAST", 256 << 10)
    session = begin(registry)
    content = CONTENT[:200_000]
    with registry.connect() as sock:
        sock.sendall(put(form, session, content) + form.part(content[:100_000]))
        time.sleep(0.02)
        sock.sendall(form.part(content[100_000:]) + form.end)
        assert answer_of(sock).startswith(b"HTTP/1.1 201")
    assert not taken


@pytest.fixture
def past(monkeypatch):
    """Where in the file pieces went past the page cache, and how many bytes."""
    monkeypatch.setattr(direct, "LEAST", 1_000_000)
    monkeypatch.setattr(fast_bodies, "SIZE", 256 << 10)
    written = []
    original = direct.Direct.write

    def write(self, pieces, position):
        written.append((position, original(self, pieces, position)))
        return written[-1][1]

    monkeypatch.setattr(direct.Direct, "write", write)
    return written


def test_a_large_body_goes_past_the_page_cache(either, past):
    session = begin(either)
    with either.connect() as sock:
        sock.sendall(put(Length(), session, CONTENT) + CONTENT[:10_001])
        sock.sendall(CONTENT[10_001:])
        assert answer_of(sock).startswith(b"HTTP/1.1 201")
    assert sum(count for _, count in past) == len(CONTENT) // direct.ALIGNMENT * direct.ALIGNMENT
    assert stored(either, CONTENT)


def test_a_body_in_chunks_does_so_once_it_is_large(either, past):
    session, form = begin(either), Chunks()
    with either.connect() as sock:
        sock.sendall(put(form, session, CONTENT) + form.part(CONTENT[:300_001]))
        sock.sendall(form.part(CONTENT[300_001:]) + form.end)
        assert answer_of(sock).startswith(b"HTTP/1.1 201")
    assert past
    assert past[0][0] >= 1_000_000
    whole = len(CONTENT) // direct.ALIGNMENT * direct.ALIGNMENT
    assert sum(count for _, count in past) == whole - past[0][0]
    assert stored(either, CONTENT)


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
    assert answer_of(sock).startswith(b"HTTP/1.1 201")
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
