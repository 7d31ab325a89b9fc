"""Replayed answers are told to webhooks and logs as those of whoever asked."""

import logging
import socket

import pytest
from tools.raw_http import ask, message

from wharf import clock
from wharf.http import fast_answers
from wharf.metadata.sqlite_outbox import SqliteOutbox

TAG = "/v2/fast/app/manifests/v1"


@pytest.mark.parametrize("together", [0.0, 3600.0])
def test_pulls_that_a_webhook_wants_are_recorded_each_time(start, replayed, monkeypatch, together):
    monkeypatch.setattr(fast_answers, "TOGETHER", together)
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
