"""Replayed answers: the same as those they repeat, within bounds, and as if each had been made anew."""

import base64
import logging
import os
import re
import time

import pytest
from tools.raw_http import ask, message

from wharf.http import fast_answers

IMAGE = "application/vnd.oci.image.manifest.v1+json"
TAG = "/v2/fast/app/manifests/v1"
LOGIN = "Authorization: Basic " + base64.b64encode(b"ann:secret").decode()


def comparable(answer):
    """An answer without what is different each time."""
    head, body = answer
    return re.sub(rb"(x-request-id|date): [^\r]*", rb"\1", head), body


@pytest.fixture(scope="module")
def secured(start_once):
    """A registry with users, rules and an image."""
    auth = start_once.users(ann="secret", bob="secret")
    access = [
        {"repositories": ["fast/**"], "users": ["ann"], "actions": ["pull", "push", "delete"]},
        {"repositories": ["open/**"], "anonymous": True, "actions": ["pull"]},
        {"repositories": ["open/app"], "users": ["ann"], "anonymous": True, "actions": ["pull", "push"]},
    ]
    registry = start_once(auth=auth, access=access)
    for name in ("fast/app", "open/app"):
        answer, content = registry.push_image(name, "v1", user="ann:secret")
        assert answer.status == 201
    registry.digest = answer.headers["Docker-Content-Digest"]
    registry.content = content
    return registry


TABLE = [
    ("GET", TAG, (LOGIN,), (200, True)),
    ("HEAD", TAG, (LOGIN,), (200, True)),
    ("GET", "/v2/fast/app/manifests/{digest}", (LOGIN,), (200, True)),
    ("GET", TAG, (LOGIN, f"Accept: {IMAGE}"), (200, True)),
    ("GET", TAG, (LOGIN, "Accept: text/plain"), (200, True)),
    ("GET", TAG, (LOGIN, "Connection: keep-alive"), (200, True)),
    ("GET", TAG, (LOGIN, 'If-None-Match: "{digest}"'), (304, True)),
    ("HEAD", TAG, (LOGIN, 'If-None-Match: "{digest}"'), (304, True)),
    ("GET", TAG, (LOGIN, 'If-None-Match: "sha256:0"'), (200, True)),
    ("GET", TAG + "?n=1", (LOGIN,), (200, True)),
    ("GET", "/v2/open/app/manifests/v1", (), (200, True)),
    ("GET", TAG, (LOGIN, "X-Request-Id: mine"), (200, False)),
    ("GET", TAG, (LOGIN, "Content-Length: 0"), (200, False)),
    ("GET", TAG, (), (401, False)),
    ("GET", TAG, ("Authorization: Basic YW5uOndyb25n",), (401, False)),
    ("GET", TAG, ("Authorization: Basic Ym9iOnNlY3JldA==",), (403, False)),
    ("GET", "/v2/fast/app/manifests/v2", (LOGIN,), (404, False)),
    ("GET", "/v2/fast/app/tags/list", (LOGIN,), (200, False)),
    ("GET", "/v2/", (LOGIN,), (200, True)),
    ("GET", TAG, (LOGIN, "Host: again"), (400, False)),
]


@pytest.mark.parametrize(("method", "path", "lines", "expected"), TABLE)
def test_a_replayed_answer_is_the_one_that_it_repeats(secured, replayed, method, path, lines, expected):
    status, fast = expected
    lines = [line.replace("{digest}", secured.digest) for line in lines]
    request = message(method, path.replace("{digest}", secured.digest), *lines)
    slow = message(method, path.replace("{digest}", secured.digest), *lines, "X-Request-Id: never-replayed")
    with secured.connect() as sock:
        first, *others = [ask(sock, request) for _ in range(3)]
        assert comparable(ask(sock, slow)) == comparable(first)
    assert first[0].startswith(b"HTTP/1.1 %d " % status)
    for other in others:
        assert comparable(other) == comparable(first)
        assert other[0].count(b"x-request-id: ") == other[0].count(b"date: ") == 1
    assert len(replayed) >= 2 if fast else not replayed


def test_every_replayed_answer_has_a_request_id_of_its_own(secured):
    with secured.connect() as sock:
        answers = [ask(sock, message("GET", TAG, LOGIN, "A: ids")) for _ in range(4)]
    assert len({re.search(rb"x-request-id: (\w{32})", head)[1] for head, _ in answers}) == 4


def test_a_request_in_two_parts_and_pipelined_ones_are_answered_in_order(secured, replayed):
    request = message("GET", TAG, LOGIN, "A: parts")
    with secured.connect() as sock:
        first = ask(sock, request)
        sock.sendall(request[:30])
        time.sleep(0.05)
        assert comparable(ask(sock, request[30:])) == comparable(first)
        assert not replayed
        sock.sendall(request + message("HEAD", TAG, LOGIN) + message("GET", "/v2/", LOGIN, "Connection: close"))
        received = b""
        while piece := sock.recv(65536):
            received += piece
    assert received.count(b"HTTP/1.1 200 OK") == 3
    assert received.endswith(b"{}")


def test_a_request_after_the_end_of_a_body_is_not_taken_for_part_of_it(secured):
    with secured.connect() as sock:
        inner = message("GET", TAG, LOGIN, "A: inner")
        assert ask(sock, inner)[0].startswith(b"HTTP/1.1 200")
        head = message("PUT", "/v2/fast/app/manifests/v9", LOGIN, f"Content-Length: {len(inner)}")
        sock.sendall(head)
        time.sleep(0.05)
        assert ask(sock, inner)[0].startswith(b"HTTP/1.1 400")  # it was a manifest, and not a good one


def test_it_is_counted_and_logged(secured, replayed, caplog):
    def counted():
        text = secured.request("GET", "/metrics", admin=True).body.decode()
        return {
            line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
            for line in text.splitlines()
            if line[0] != "#" and ('handler="manifest"' in line or "wharf_logins" in line)
        }

    with secured.connect() as sock:
        ask(sock, message("GET", TAG, LOGIN, "User-Agent: counted"))
        before = counted()
        with caplog.at_level(logging.INFO):
            head, body = ask(sock, message("GET", TAG, LOGIN, "User-Agent: counted"))
        after = counted()
    assert len(replayed) == 1
    changed = {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}
    assert changed['registry_http_requests_total{method="GET",handler="manifest",code="200"}'] == 1
    assert changed['registry_http_request_duration_seconds_count{method="GET",handler="manifest"}'] == 1
    assert changed['registry_http_response_size_bytes_sum{method="GET",handler="manifest"}'] == len(body)
    assert changed['wharf_logins_total{outcome="accepted"}'] == 1
    line = [record for record in caplog.records if record.name == "wharf.access" and record.path == TAG][-1]
    assert f"x-request-id: {line.request_id}".encode() in head
    assert (line.method, line.status, line.user, line.agent) == ("GET", 200, "ann", "counted")
    assert (line.received, line.sent, line.address) == (0, len(body), "127.0.0.1")


def test_what_is_kept_is_bounded(start, monkeypatch):
    monkeypatch.setattr(fast_answers, "TOTAL_LIMIT", 20 * 2000)
    registry = start()
    registry.push_image("fast/app", "v1", annotations={"a": "b" * 900})
    with registry.connect() as sock:
        for _ in range(100):
            ask(sock, message("GET", TAG, f"A: {os.urandom(8).hex()}"))
    answers = registry.wharf.answers
    assert 5 < len(answers._kept) <= 20
    assert answers._size == sum(kept.size() for kept in answers._kept.values())


def test_a_connection_that_only_gets_replayed_answers_is_not_idle(start, monkeypatch):
    monkeypatch.setattr("wharf.listener.IDLE_SECONDS", 1)
    monkeypatch.setattr("wharf.http.connection.IDLE_SECONDS", 1)
    registry = start()
    registry.push_image("fast/app", "v1")
    with registry.connect() as warming:
        ask(warming, message("GET", TAG))
        with registry.connect() as sock:
            for _ in range(6):
                assert ask(sock, message("GET", TAG))[0].startswith(b"HTTP/1.1 200")
                time.sleep(0.3)
            begun = time.monotonic()
            assert sock.recv(10) == b""
            assert 0.3 < time.monotonic() - begun < 5
