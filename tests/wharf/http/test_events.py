"""The events that requests cause, as the outbox has them."""

import pytest

HOOK = {"name": "hook", "url": "http://127.0.0.1:9/", "suspended": True}


def told(registry):
    outbox = registry.wharf._background._outbox
    registry.call(registry.wharf._services.pulls.flush)
    registry.call(registry.wharf._background._pulls.unfold, 100)
    found = [
        one
        for name in registry.call(outbox.lanes, "hook", "", 100)
        for one in registry.call(outbox.pending, "hook", name, 100)
    ]
    return [one.event for one in sorted(found, key=lambda one: one.id)]


@pytest.fixture
def telling(start, users):
    hook = {**HOOK, "events": ["push", "pull", "mount", "delete"]}
    return start(auth=users(alice="one"), webhooks=[hook], url="https://registry.example/")


def test_a_push_tells_who_what_and_where(telling):
    answer, content = telling.push_image("team/app", "v1", user="alice:one")
    digest = answer.headers["Docker-Content-Digest"]
    (event,) = told(telling)
    assert (event.action, event.repository, event.tag, event.digest) == ("push", "team/app", "v1", digest)
    assert (event.size, event.media_type) == (len(content), "application/vnd.oci.image.manifest.v1+json")
    assert event.url == f"https://registry.example/v2/team/app/manifests/{digest}"
    assert (event.actor, event.request_method, event.request_address) == ("alice", "PUT", "127.0.0.1")
    assert event.request_id == answer.headers["X-Request-Id"]
    assert event.timestamp.endswith("Z")


def test_each_tag_of_a_push_is_told(telling):
    content = b'{"schemaVersion":2,"manifests":[]}'
    digest = telling.push_image("a", "", user="alice:one")[0].headers["Docker-Content-Digest"]
    telling.request("PUT", "/v2/a/manifests/x", content, user="alice:one")
    again = telling.request("GET", "/v2/a/manifests/x", user="alice:one").headers["Docker-Content-Digest"]
    telling.request("PUT", f"/v2/a/manifests/{again}?tag=y&tag=z", content, user="alice:one")
    pushes = [(event.digest, event.tag) for event in told(telling) if event.action == "push"]
    assert pushes == [(digest, ""), (again, "x"), (again, "y"), (again, "z")]


def test_pulls_mounts_and_deletes_are_told(telling):
    telling.push_image("a", "v1", layers=[b"layer"], user="alice:one")
    digest = telling.push_blob("a", b"layer", user="alice:one")
    for method, path in [
        ("GET", "manifests/v1"),
        ("HEAD", "manifests/v1"),
        ("GET", f"blobs/{digest}"),
        ("DELETE", "manifests/v1"),
    ]:
        telling.request(method, f"/v2/a/{path}", user="alice:one")
    telling.request("POST", f"/v2/b/blobs/uploads/?mount={digest}&from=a", user="alice:one")
    telling.request("DELETE", f"/v2/b/blobs/{digest}", user="alice:one")
    found = [(one.action, one.repository, one.tag, bool(one.digest), one.from_repository) for one in told(telling)]
    found.sort(key=lambda one: one[0] == "pull")
    assert found[1:4] == [
        ("delete", "a", "v1", False, ""),
        ("mount", "b", "", True, "a"),
        ("delete", "b", "", True, ""),
    ]
    assert found[4:] == [("pull", "a", "v1", True, ""), ("pull", "a", "", True, "")]  # written down a moment later


def test_a_pull_in_ranges_is_told_once(telling):
    digest = telling.push_blob("a", b"layer", user="alice:one")
    for part in ("0-1", "2-3", "4-"):
        telling.request("GET", f"/v2/a/blobs/{digest}", user="alice:one", Range=f"bytes={part}")
    assert [event.action for event in told(telling)] == ["pull"]


def test_pulls_are_not_even_written_down_when_nobody_asked(start):
    registry = start(webhooks=[HOOK])
    registry.push_image("a", "v1")
    registry.request("GET", "/v2/a/manifests/v1")
    assert [event.action for event in told(registry)] == ["push"]


def test_the_url_is_that_of_the_request_where_none_is_configured(start):
    registry = start(webhooks=[HOOK])
    registry.push_image("a", "v1")
    assert told(registry)[0].url.startswith("http://127.0.0.1")


def test_what_a_client_says_of_itself_is_repeated_short(telling):
    telling.push_image("team/app", "v1", user="alice:one")
    telling.request("GET", "/v2/team/app/manifests/v1", user="alice:one", User_Agent="a" * 20_000)
    assert {len(event.user_agent) for event in told(telling) if event.user_agent.startswith("a")} == {512}
