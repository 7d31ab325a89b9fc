"""An event goes to the endpoints that asked for it."""

import pytest

from wharf.webhook_settings import Webhook
from wharf.webhooks.router import Router


def names(event, **fields):
    return Router([Webhook(name="hook", url="http://x", **fields)])(event)


def test_a_webhook_is_told_of_pushes_unless_it_says_otherwise(event):
    assert names(event(action="push")) == ["hook"]
    assert names(event(action="pull")) == []
    assert names(event(action="pull"), events=["pull", "delete"]) == ["hook"]


@pytest.mark.parametrize(
    ("globs", "repository", "told"),
    [
        ([], "anything/at/all", True),
        (["team/app"], "team/app", True),
        (["team/app"], "team/app2", False),
        (["team/*"], "team/app", True),
        (["team/*"], "team/app/part", False),
        (["team/**"], "team/app/part", True),
        (["team/**"], "teams/app", False),
        (["**/app"], "app", True),
        (["**/app"], "a/b/app", True),
        (["a.b/*"], "axb/c", False),
        (["a", "b"], "b", True),
        (["a", "b"], "ab", False),
    ],
)
def test_repositories_match_by_glob(event, globs, repository, told):
    assert bool(names(event(repository=repository), repositories=globs)) == told


def test_tags_match_by_glob_and_untagged_content_only_when_no_glob_is_given(event):
    assert names(event(tag="v1.2"), tags=["v*"]) == ["hook"]
    assert names(event(tag="latest"), tags=["v*"]) == []
    assert names(event(tag=""), tags=["v*"]) == []
    assert names(event(tag="")) == ["hook"]


def test_every_webhook_that_wants_it_is_told_suspended_or_not(event):
    hooks = [
        Webhook(name="a", url="http://x"),
        Webhook(name="b", url="http://x", events=["delete"]),
        Webhook(name="c", url="http://x", suspended=True),
    ]
    assert Router(hooks)(event()) == ["a", "c"]
