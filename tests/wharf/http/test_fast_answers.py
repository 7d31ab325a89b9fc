"""Replayed answers: the same as those they repeat, and gone as soon as what they came from has changed."""

import asyncio
import base64
import json
import logging
import math
import os
import re
import socket
import time

import pytest

from wharf import clock
from wharf.blobs.paths import Layout
from wharf.http import fast_answers
from wharf.http.fast_answers import Answers
from wharf.metadata.sqlite import SqliteIndex
from wharf.metadata.sqlite_outbox import SqliteOutbox

IMAGE = "application/vnd.oci.image.manifest.v1+json"
TAG = "/v2/fast/app/manifests/v1"
LOGIN = "Authorization: Basic " + base64.b64encode(b"ann:secret").decode()


@pytest.fixture
def replayed(monkeypatch):
    """Those answers that were replayed."""
    given = []
    original = Answers.give

    def give(self, replay, *rest):
        given.append(replay)
        return original(self, replay, *rest)

    monkeypatch.setattr(Answers, "give", give)
    return given


def message(method, path, *lines):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: registry", *lines, "", ""]).encode()


def read_answer(sock, head_only):
    received = b""
    while b"\r\n\r\n" not in received:
        piece = sock.recv(65536)
        assert piece, received
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    expected = 0 if head_only or length is None else int(length[1])
    while len(body) < expected:
        body += sock.recv(65536)
    assert len(body) == expected
    return head, body


def ask(sock, request):
    sock.sendall(request)
    return read_answer(sock, request.startswith(b"HEAD"))


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


def test_a_new_tag_is_seen_at_once(start, replayed):
    registry = start()
    registry.push_image("fast/app", "v1")
    with registry.connect() as sock:
        first = [ask(sock, message("GET", TAG)) for _ in range(2)][1]
        assert replayed
        _, content = registry.push_image("fast/app", "v1", annotations={"new": "yes"})
        assert ask(sock, message("GET", TAG))[1] == content != first[1]
        assert registry.request("DELETE", TAG).status == 202
        assert ask(sock, message("GET", TAG))[0].startswith(b"HTTP/1.1 404")


def test_what_another_process_commits_is_seen_at_once(start, replayed):
    registry = start()
    registry.push_image("fast/app", "v1")

    async def flush(_):
        return ()

    other = SqliteIndex(Layout(registry.wharf.reloader.config.data).index, flush)
    other.open()  # its connections are as strange to the registry's as those of another process
    try:
        with registry.connect() as sock:
            for _ in range(2):
                assert ask(sock, message("GET", TAG))[0].startswith(b"HTTP/1.1 200")
            assert replayed
            assert asyncio.run(other.delete_tag("fast/app", "v1", ()))
            assert ask(sock, message("GET", TAG))[0].startswith(b"HTTP/1.1 404")
    finally:
        other.close()


def test_a_password_that_has_ended_opens_nothing_more(start, tmp_path, hashed, replayed):
    ends = math.ceil(clock.now() + 3600)
    (tmp_path / "htpasswd").write_text(f"ann:{hashed('secret')}:{clock.rfc3339(ends)}\n")
    registry = start(auth={"htpasswd": str(tmp_path / "htpasswd")})
    registry.push_image("fast/app", "v1", user="ann:secret")
    with registry.connect() as sock:
        for _ in range(2):
            assert ask(sock, message("GET", TAG, LOGIN))[0].startswith(b"HTTP/1.1 200")
        assert replayed
        registry.wharf.reloader.live.credentials._clock = lambda: ends
        assert ask(sock, message("GET", TAG, LOGIN))[0].startswith(b"HTTP/1.1 401")


def test_a_reload_of_the_rules_counts_at_once(start, users, tmp_path, replayed):
    auth = users(ann="secret")
    registry = start(auth=auth)
    registry.push_image("fast/app", "v1", user="ann:secret")
    with registry.connect() as sock:
        for _ in range(2):
            assert ask(sock, message("GET", TAG, LOGIN))[0].startswith(b"HTTP/1.1 200")
        config = json.loads((tmp_path / "config.yaml").read_text())
        rules = [{"repositories": ["other"], "users": ["ann"], "actions": ["pull"]}]
        (tmp_path / "new.yaml").write_text(json.dumps(config | {"access": rules}))
        (tmp_path / "new.yaml").replace(tmp_path / "config.yaml")

        async def poll():
            registry.wharf.reloader.poll()
            registry.wharf.reloader.poll()

        registry.call(poll)
        assert ask(sock, message("GET", TAG, LOGIN))[0].startswith(b"HTTP/1.1 403")
    assert len(replayed) == 1


def test_pulls_that_a_webhook_wants_are_recorded_each_time(start, replayed):
    hook = {"name": "pulls", "url": "http://127.0.0.1:9/", "events": ["pull"], "suspended": True}
    registry = start(webhooks=[hook])
    registry.push_image("fast/app", "v1")
    with registry.connect() as sock:
        for _ in range(3):
            assert ask(sock, message("GET", TAG))[0].startswith(b"HTTP/1.1 200")
        assert len(replayed) == 2
        for _ in range(3):
            ask(sock, message("HEAD", TAG))  # asks, and pulls nothing
    registry.call(registry.wharf._services.pulls.flush)
    status = registry.request("GET", "/status", admin=True).json()
    assert status["webhooks"]["pulls"]["pending"] == 3


def test_answers_are_made_anew_now_and_then(start, replayed, monkeypatch):
    monkeypatch.setattr(fast_answers, "SECONDS", -1.0)
    registry = start()
    registry.push_image("fast/app", "v1")
    with registry.connect() as sock:
        for _ in range(3):
            assert ask(sock, message("GET", TAG))[0].startswith(b"HTTP/1.1 200")
    assert not replayed


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
    monkeypatch.setattr("wharf.server.IDLE_SECONDS", 1)
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


def test_the_log_names_the_client_that_a_trusted_proxy_names(start, replayed, caplog):
    registry = start(trustedProxies=["127.0.0.1"])
    registry.push_image("fast/app", "v1")
    with registry.connect() as sock, caplog.at_level(logging.INFO):
        for _ in range(2):
            ask(sock, message("GET", TAG, "X-Forwarded-For: 192.0.2.7"))
        ask(sock, message("HEAD", "/v2/", "X-Request-Id: last"))
    assert len(replayed) == 1
    lines = [record for record in caplog.records if record.name == "wharf.access" and record.path == TAG]
    assert [line.address for line in lines if line.method == "GET"] == ["192.0.2.7"] * 2


def from_address(registry, address):
    return socket.create_connection(("127.0.0.1", registry.wharf.port), timeout=10, source_address=(address, 0))


def test_the_log_names_each_client_though_all_get_the_same_answer(start, replayed, caplog):
    registry = start(trustedProxies=["127.0.0.9"])
    registry.push_image("fast/app", "v1")
    caplog.set_level(logging.INFO)
    with from_address(registry, "127.0.0.1") as one, from_address(registry, "127.0.0.2") as other:
        for sock in (one, one, other):
            ask(sock, message("GET", TAG))
        ask(one, message("HEAD", "/v2/", "X-Request-Id: last"))
    assert len(replayed) == 2
    lines = [record for record in caplog.records if record.name == "wharf.access" and record.path == TAG]
    assert [line.address for line in lines if line.method == "GET"] == ["127.0.0.1", "127.0.0.1", "127.0.0.2"]


@pytest.mark.parametrize("line", ["X-Forwarded-For: 192.0.2.7", "X-Forwarded-Host: evil", "X-Forwarded-Proto: https"])
def test_what_a_trusted_proxy_was_believed_counts_for_nobody_else(start, replayed, line):
    hook = {"name": "pulls", "url": "http://127.0.0.1:9/", "events": ["pull"], "suspended": True}
    registry = start(trustedProxies=["127.0.0.1"], webhooks=[hook])
    digest = registry.push_image("fast/app", "v1")[0].headers["Docker-Content-Digest"]
    with from_address(registry, "127.0.0.1") as proxy, from_address(registry, "127.0.0.2") as client:
        for sock in (proxy, proxy, client, client):
            assert ask(sock, message("GET", TAG, line))[0].startswith(b"HTTP/1.1 200")
    assert len(replayed) == 2
    registry.call(registry.wharf._services.pulls.flush)
    registry.call(registry.wharf._background._pulls.unfold, 100)
    outbox = SqliteOutbox(registry.wharf._services.index, clock.now)
    told = [each.event for each in registry.call(outbox.pending, "pulls", "fast/app", 10)]
    believed = {(event.url, event.request_host, event.request_address) for event in told[:2]}
    strangers = {(event.url, event.request_host, event.request_address) for event in told[2:]}
    assert strangers == {(f"http://registry{TAG}".replace("v1", digest), "registry", "127.0.0.2")}
    assert believed.isdisjoint(strangers)
