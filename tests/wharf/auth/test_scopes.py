"""Scopes: read, cut to the rules, written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharf.auth import scopes
from wharf.auth.access import ANONYMOUS, AccessPolicy, Subject
from wharf.config import AccessRule


def test_several_scopes_come_repeated_or_with_spaces():
    one = scopes.parse(["repository:a/b:pull,push", "repository:c:delete"])
    assert one == scopes.parse(["repository:a/b:pull,push repository:c:delete"])
    assert one == {("repository", "a/b", "pull"), ("repository", "a/b", "push"), ("repository", "c", "delete")}


def test_everything_is_every_action_and_the_catalog_is_one():
    assert scopes.text(scopes.parse(["repository:a:*"])) == "repository:a:delete,list,pull,push"
    assert scopes.parse(["registry:catalog:*"]) == {scopes.CATALOG}
    assert scopes.parse(["repository(plugin):a:pull"]) == {("repository", "a", "pull")}


@pytest.mark.parametrize(
    "text", ["", ":", "repository", "repository:a", "repository::pull", "repository:A:pull", "repository:a:shout",
             "repository:../x:pull", "registry:catalog:pull", "registry:other:*", "x:a:pull"]
)  # fmt: skip
def test_what_cannot_be_read_asks_for_nothing(text):
    assert scopes.parse([text]) == frozenset()


def test_a_scope_is_cut_to_what_the_rules_allow():
    rules = [
        AccessRule(repositories=["team/**"], users=["alice"], actions=["pull", "push"]),
        AccessRule(repositories=["open/**"], anonymous=True, actions=["pull"]),
    ]
    wanted = scopes.parse(["repository:team/a:pull,push,delete", "repository:open/b:pull,push", "registry:catalog:*"])
    access = AccessPolicy(rules)
    assert scopes.text(scopes.narrowed(wanted, access, Subject("alice"))) == (
        "registry:catalog:* repository:open/b:pull repository:team/a:pull,push"
    )
    assert scopes.text(scopes.narrowed(wanted, access, ANONYMOUS)) == "registry:catalog:* repository:open/b:pull"


@given(st.text())
def test_no_text_breaks_the_parser_and_what_it_reads_it_reads_again(text):
    scope = scopes.parse([text])
    assert scopes.parse([scopes.text(scope)]) == scope


def test_the_claim_lists_actions_by_name():
    assert scopes.claims(scopes.parse(["repository:a:push,pull"])) == [
        {"type": "repository", "name": "a", "actions": ["pull", "push"]}
    ]
