"""Probes, status and metrics on the admin port."""

import hashlib
import time
from pathlib import Path

import pytest

from wharf.blobs.interface import BlobError
from wharf.garbage.exclusive import alone
from wharf.metadata.interface import IndexUnavailableError

DEADLINE = 10.0


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
    for method, path, allowed in (("POST", "/livez", "GET, HEAD"), ("GET", "/gc", "POST"), ("HEAD", "/gc", "POST")):
        answer = registry.request(method, path, admin=True)
        assert (answer.status, answer.headers["Allow"]) == (405, allowed)
    assert registry.request("POST", "/gc").status == 404


def test_a_sweep_is_begun_and_status_tells_how_it_ended(guarded, start_once):
    authorized = {"admin": True, "Authorization": "Bearer very-secret"}
    assert guarded.request("POST", "/gc", admin=True).status == 401
    with alone(start_once.path / "data" / "sweep.lock"):
        answer = guarded.request("POST", "/gc", **authorized)
        assert (answer.status, answer.body) == (409, b"another sweep is running: wait for it to end, then try again\n")
    guarded.push_image("a", "v1", user="alice:one")
    answer = guarded.request("POST", "/gc", **authorized)
    begun = answer.json()
    assert (answer.status, begun["gracePeriod"], begun["untagged"]) == (202, 86400.0, "Keep")
    deadline = time.monotonic() + DEADLINE
    while (done := guarded.request("GET", "/status", **authorized).json()["garbageCollection"])["lastRun"] != begun[
        "begun"
    ]:
        assert time.monotonic() < deadline
    assert (done["error"], done["blobsKept"]) == ("", 2)


def test_where_no_token_guards_the_port_nothing_is_begun(registry):
    answer = registry.request("POST", "/gc", admin=True)
    assert (answer.status, b"adminTokenFile" in answer.body) == (403, True)


def test_a_lock_that_cannot_be_had_is_an_error_with_its_reason(guarded, start_once):
    lock = start_once.path / "data" / "sweep.lock"
    lock.unlink(missing_ok=True)
    lock.mkdir()
    answer = guarded.request("POST", "/gc", admin=True, Authorization="Bearer very-secret")
    lock.rmdir()
    assert (answer.status, b"Is a directory" in answer.body) == (503, True)


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
