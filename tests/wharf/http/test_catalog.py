"""The catalog, and that it shows nobody what is not theirs."""

import pytest

from wharf.http import catalog

INDEX = b'{"schemaVersion":2,"manifests":[]}'


def push(registry, *names, user=None):
    for name in names:
        assert registry.request("PUT", f"/v2/{name}/manifests/v1", INDEX, user=user).status == 201


def test_repositories_come_in_pages(start, monkeypatch):
    monkeypatch.setattr(catalog, "BATCH", 2)
    registry = start()
    push(registry, "b", "a", "c/d")
    assert registry.request("GET", "/v2/_catalog").json() == {"repositories": ["a", "b", "c/d"]}
    first = registry.request("GET", "/v2/_catalog?n=2")
    assert first.json()["repositories"] == ["a", "b"]
    assert first.headers["Link"] == '</v2/_catalog?n=2&last=b>; rel="next"'
    rest = registry.request("GET", "/v2/_catalog?n=2&last=b")
    assert (rest.json()["repositories"], rest.headers["Link"]) == (["c/d"], None)
    assert registry.request("GET", "/v2/_catalog?n=0").json() == {"repositories": []}


@pytest.fixture(scope="module")
def closed(start_once):
    rules = [
        {"repositories": ["a/**"], "users": ["alice"], "actions": ["pull", "push"]},
        {"repositories": ["b/**"], "users": ["alice"], "actions": ["push"]},
        {"repositories": ["b/**"], "users": ["bob"], "actions": ["list"]},
        {"repositories": ["open/**"], "anonymous": True, "actions": ["pull"]},
        {"repositories": ["open/**"], "users": ["alice"], "actions": ["push"]},
    ]
    registry = start_once(auth=start_once.users(alice="one", bob="two"), access=rules)
    push(registry, "a/x", "b/x", "open/x", user="alice:one")
    return registry


def test_everyone_sees_what_they_may_pull_or_list(closed):
    assert closed.request("GET", "/v2/_catalog", user="alice:one").json()["repositories"] == ["a/x", "open/x"]
    assert closed.request("GET", "/v2/_catalog", user="bob:two").json()["repositories"] == ["b/x", "open/x"]
    assert closed.request("GET", "/v2/_catalog").json()["repositories"] == ["open/x"]


def test_a_page_ends_after_enough_was_looked_at_and_says_where(closed, monkeypatch):
    monkeypatch.setattr(catalog, "BATCH", 1)
    monkeypatch.setattr(catalog, "STEPS", 1)
    answer = closed.request("GET", "/v2/_catalog")
    assert answer.json()["repositories"] == []
    assert "last=a%2Fx" in answer.headers["Link"]


def test_nothing_is_shown_to_anonymous_clients_where_nothing_is_open(start, users):
    assert start(auth=users(alice="one")).request("GET", "/v2/_catalog").status == 401


def test_without_users_the_rules_decide(start):
    registry = start(access=[{"repositories": ["a"], "users": ["x"], "actions": ["pull"]}])
    assert registry.request("GET", "/v2/_catalog").status == 403
