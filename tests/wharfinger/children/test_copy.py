"""Copies of a pull Secret in other namespaces."""

from wharfinger.children.copy import copy, source_of
from wharfinger.children.owner import Owner


def test_it_is_as_written_down(owner, golden):
    golden("copy", copy(owner, "apps", b'{"auths": {}}'))


def test_its_name_says_where_it_comes_from(owner):
    name = copy(owner, "apps", b"")["metadata"]["name"]
    assert source_of(name, "apps") == ("ci", "team")
    assert source_of("team-pull", "ci") == ("ci", "team")


def test_it_takes_the_name_of_no_child_of_a_registry_there():
    assert "." in Owner("team", "ci", "u").copy
