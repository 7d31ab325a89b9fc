"""Probes, status and metrics on the admin port."""

import hashlib
from pathlib import Path

import pytest

from wharf.blobs.interface import BlobError
from wharf.metadata.interface import IndexUnavailableError


@pytest.fixture(scope="module")
def guarded(start_once):
    token = start_once.path / "token"
    token.write_text("very-secret\n")
    hooks = [{"name": "hook", "url": "http://127.0.0.1:9/"}]
    return start_once(auth=start_once.users(alice="one"), adminTokenFile=str(token), webhooks=hooks)


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/startupz"])
def test_probes_need_no_token(guarded, path):
    assert guarded.request("GET", path, admin=True).status == 200


def test_status_and_metrics_need_the_token(guarded):
    for path in ("/status", "/metrics"):
        for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "very-secret"}):
            answer = guarded.request("GET", path, admin=True, **header)
            assert answer.status == 401
            assert b"very-secret" not in answer.body
        assert guarded.request("GET", path, admin=True, Authorization="Bearer very-secret").status == 200


def test_status_says_what_is_in_use(guarded, start_once):
    status = guarded.request("GET", "/status", admin=True, Authorization="Bearer very-secret").json()
    for name, file in (("configuration", "config.yaml"), ("htpasswd", "htpasswd")):
        assert status[name]["sha256"] == hashlib.sha256((start_once.path / file).read_bytes()).hexdigest()
        assert status[name]["loadedAt"].endswith("Z")
        assert status[name]["error"] == ""
    assert status["certificate"] is None
    assert status["version"]
    assert status["instance"]
    assert status["storage"]["capacity"] >= status["storage"]["available"] > 0
    assert status["storage"]["readOnly"] is False
    assert status["webhooks"]["hook"]["pending"] == 0


def test_webhooks_are_counted_in_status_and_metrics(guarded):
    index = b'{"schemaVersion":2,"manifests":[]}'
    guarded.request("PUT", "/v2/a/manifests/v1", index, user="alice:one")
    status = guarded.request("GET", "/status", admin=True, Authorization="Bearer very-secret").json()
    assert status["webhooks"]["hook"]["pending"] == 1
    metrics = guarded.request("GET", "/metrics", admin=True, Authorization="Bearer very-secret").body.decode()
    assert 'wharf_webhook_events{webhook="hook",state="pending"} 1' in metrics
    assert 'wharf_storage_bytes{kind="used"}' in metrics


def test_nothing_else_is_there(registry):
    assert registry.request("GET", "/v2/", admin=True).status == 404
    assert registry.request("POST", "/livez", admin=True).status == 405


def test_a_registry_that_stops_is_not_ready_but_lives(registry):
    registry.wharf._services.stopping = True
    try:
        assert registry.request("GET", "/readyz", admin=True).status == 503
        assert registry.request("GET", "/livez", admin=True).status == 200
    finally:
        registry.wharf._services.stopping = False


def test_a_registry_without_its_index_is_not_ready(registry, monkeypatch):
    async def broken(*_):
        raise IndexUnavailableError

    monkeypatch.setattr(type(registry.wharf._services.index), "repositories", broken)
    assert registry.request("GET", "/readyz", admin=True).status == 503


def test_status_is_given_without_storage_figures_when_the_disk_does_not_answer(registry, monkeypatch):
    async def broken(*_):
        raise BlobError

    monkeypatch.setattr(type(registry.wharf._services.blobs), "usage", broken)
    assert registry.request("GET", "/status", admin=True).json()["storage"]["used"] == 0
    assert registry.request("GET", "/metrics", admin=True).status == 200
    assert Path(registry.wharf.reloader.config.data).is_dir()
