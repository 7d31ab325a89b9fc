"""The work that one process does for all."""

import http.server
import json
import os
import threading
import time

import pytest

from wharf import background
from wharf.garbage.collector import Terms
from wharf.metadata.sqlite_doubts import SqliteDoubts

HERE = {"allow": ["127.0.0.0/8"]}


class Receiver(http.server.ThreadingHTTPServer):
    """Keeps the bodies that are posted to it."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies = []
        self.url = f"http://127.0.0.1:{self.server_port}/"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def wait_for(self, count):
        deadline = time.monotonic() + 10
        while len(self.bodies) < count:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return self.bodies


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.shutdown()
    receiver.server_close()


def test_a_push_reaches_a_receiver_and_status_says_so(start, receiver):
    registry = start(webhooks=[{"name": "hook", "url": receiver.url}], webhookNetworks=HERE)
    registry.push_image("team/app", "v1")
    (event,) = receiver.wait_for(1)[0]["events"]
    assert (event["action"], event["target"]["repository"], event["target"]["tag"]) == ("push", "team/app", "v1")
    deadline = time.monotonic() + 10
    while (hook := registry.request("GET", "/status", admin=True).json()["webhooks"]["hook"])["delivered"] != 1:
        assert time.monotonic() < deadline
    assert hook["pending"] == 0
    assert hook["lastSuccess"].endswith("Z")


def test_a_webhook_that_a_reload_brings_is_told_of_what_comes_after(start, receiver, tmp_path):
    registry = start()
    registry.push_image("team/app", "before")
    text = json.loads((tmp_path / "config.yaml").read_text())
    text |= {"webhooks": [{"name": "hook", "url": receiver.url}], "webhookNetworks": HERE}
    (tmp_path / "config.yaml").write_text(json.dumps(text))
    deadline = time.monotonic() + 10
    while not registry.request("GET", "/status", admin=True).json()["webhooks"]:
        assert time.monotonic() < deadline
    registry.push_image("team/app", "after")
    assert receiver.wait_for(1)[0]["events"][0]["target"]["tag"] == "after"


def test_garbage_is_collected_by_the_terms_of_the_configuration(start, tmp_path):
    registry = start(
        uploadExpiry=60, garbageCollection={"gracePeriod": 700, "interval": 1, "untagged": "Delete"}, durability="blob"
    )
    found = background.terms(registry.wharf.reloader.config)
    assert found == Terms(grace=700.0, interval=1.0, upload_expiry=60.0, delete_untagged=True)
    old, new = (registry.request("POST", "/v2/a/blobs/uploads/").headers["Location"] for _ in range(2))
    (path,) = (tmp_path / "data" / "uploads").glob(f"*/{old.rsplit('/', 1)[1]}")
    os.utime(path, (0, 0))
    deadline = time.monotonic() + 10
    # the sweep is told of once it is over, which is after the session has ended
    while registry.request("GET", "/status", admin=True).json()["garbageCollection"]["uploadsEnded"] != 1:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert registry.request("GET", old).status == 404
    assert registry.request("GET", new).status == 204


def test_blobs_are_durable_at_their_own_answer_where_the_configuration_says_so(start, tmp_path):
    registry = start(durability="blob")
    doubts = SqliteDoubts(registry.wharf._services.index)
    registry.push_blob("a", b"durable at once")
    assert registry.call(doubts.volatile) == []
    text = json.loads((tmp_path / "config.yaml").read_text())
    (tmp_path / "config.yaml").write_text(json.dumps(text | {"durability": "manifest"}))
    deadline = time.monotonic() + 10
    while not registry.call(doubts.volatile):
        assert time.monotonic() < deadline
        registry.push_blob("a", b"%d" % time.monotonic_ns())


def test_a_second_process_stands_by_until_the_first_has_gone(start, receiver, monkeypatch):
    monkeypatch.setattr(background, "LOCK_RETRY", 0.05)
    hooks = [{"name": "hook", "url": receiver.url}]
    first = start("one.yaml", webhooks=hooks, webhookNetworks=HERE)
    second = start("two.yaml", webhooks=hooks, webhookNetworks=HERE)
    first.push_image("a", "v1")
    receiver.wait_for(1)
    first.stop()
    second.push_image("a", "v2")
    tags = [body["events"][0]["target"]["tag"] for body in receiver.wait_for(2)]
    assert tags == ["v1", "v2"]
