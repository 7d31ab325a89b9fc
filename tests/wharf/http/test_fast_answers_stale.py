"""Answers are no longer replayed as soon as what they came from has changed."""

import asyncio
import base64
import json
import math

from tools.raw_http import ask, message

from wharf import clock
from wharf.blobs.paths import Layout
from wharf.http import fast_answers
from wharf.metadata.sqlite import SqliteIndex

TAG = "/v2/fast/app/manifests/v1"
LOGIN = "Authorization: Basic " + base64.b64encode(b"ann:secret").decode()


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


def test_answers_are_made_anew_now_and_then(start, replayed, monkeypatch):
    monkeypatch.setattr(fast_answers, "SECONDS", -1.0)
    registry = start()
    registry.push_image("fast/app", "v1")
    with registry.connect() as sock:
        for _ in range(3):
            assert ask(sock, message("GET", TAG))[0].startswith(b"HTTP/1.1 200")
    assert not replayed
