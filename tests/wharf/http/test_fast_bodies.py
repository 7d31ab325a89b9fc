"""Bodies that are received below HTTP: every byte, whoever hangs up, stalls, lies or goes on too early."""

import os
import time

import pytest
from tools.bodies import begin, offset, put, sha, stored
from tools.raw_http import read_answer

from wharf.blobs.interface import NoSpaceError
from wharf.blobs.session import Session
from wharf.http import fast_bodies

CONTENT = os.urandom(3_000_000)


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
            assert read_answer(sock)[0].startswith(b"HTTP/1.1 201")
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
        assert read_answer(sock)[0].startswith(b"HTTP/1.1 201")
        sock.sendall(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read_answer(sock)[0].startswith(b"HTTP/1.1 200")
    assert stored(either, content)
    assert len(taken) == 1


def test_a_client_that_asks_first_is_told_to_go_on(either, form, taken):
    content = CONTENT[:100_000]
    session = begin(either)
    with either.connect() as sock:
        sock.sendall(put(form, session, content, "Expect: 100-continue"))
        assert read_answer(sock)[0].startswith(b"HTTP/1.1 100 ")
        sock.sendall(form.part(content) + form.end)
        assert read_answer(sock)[0].startswith(b"HTTP/1.1 201")
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
            for task in either.wharf._listeners[0].server_state.tasks:
                task.cancel()

        either.call(cancel)
        received = read_answer(sock)[0]
    assert received.startswith(b"HTTP/1.1 503")
    assert b"connection: close" in received
    wait_until(lambda: offset(either, session) == 100_001)


def test_a_client_that_stalls_is_told_so_and_keeps_what_arrived(either, form, taken, monkeypatch):
    monkeypatch.setattr("wharf.http.messages.BODY_SILENCE", 0.2)
    session = begin(either)
    with either.connect() as sock:
        sock.sendall(put(form, session, CONTENT) + form.part(CONTENT[:50_000]))
        received = read_answer(sock)[0]
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
        assert read_answer(sock)[0].startswith(b"HTTP/1.1 201")
    assert taken


def test_a_full_disk_is_answered_though_the_client_still_sends(either, form, taken, monkeypatch):
    def full(self, pieces):
        raise NoSpaceError

    session = begin(either)
    with monkeypatch.context() as patch, either.connect() as sock:
        patch.setattr(Session, "write", full)
        sock.sendall(put(form, session, CONTENT) + form.part(CONTENT))
        received = read_answer(sock)[0]
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
        assert read_answer(sock)[0].startswith(b"HTTP/1.1 507")
        sock.sendall(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read_answer(sock)[0].startswith(b"HTTP/1.1 200")
    assert taken


def test_the_wrong_digest_is_refused_on_a_connection_that_goes_on(either, form, taken):
    content = CONTENT[:80_000]
    with either.connect() as sock:
        sock.sendall(put(form, begin(either), content))
        time.sleep(0.05)
        sock.sendall(form.part(content[:-1] + bytes([content[-1] ^ 1])) + form.end)
        assert read_answer(sock)[0].startswith(b"HTTP/1.1 400")
        sock.sendall(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read_answer(sock)[0].startswith(b"HTTP/1.1 200")
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
        assert read_answer(sock)[0].startswith(b"HTTP/1.1 201")
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
        assert read_answer(sock)[0].startswith(b"HTTP/1.1 201")
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
        assert read_answer(sock)[0].startswith(b"HTTP/1.1 201")
    assert not taken
