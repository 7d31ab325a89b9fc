"""What globs match."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharf.protocol import globs
from wharf.protocol.globs import matches


@pytest.mark.parametrize(
    ("glob", "text", "expected"),
    [
        ("team/app", "team/app", True),
        ("team/app", "team/application", False),
        ("team/*", "team/app", True),
        ("team/*", "team/app/sub", False),
        ("team/**", "team/app/sub", True),
        ("team/**", "team", False),
        ("**", "a/b/c", True),
        ("*", "a", True),
        ("*", "a/b", False),
        ("**/app", "app", True),
        ("**/app", "a/b/app", True),
        ("**/app", "a/b-app", False),
        ("a/**/z", "a/z", True),
        ("a/**/z", "a/b/c/z", True),
        ("a.b", "axb", False),
        ("team-*/x", "team-a/x", True),
        ("v*", "v1.2", True),
    ],
)
def test_a_star_stays_within_a_part_and_two_go_across(glob, text, expected):
    assert matches(glob, text) is expected


@given(st.text(alphabet="ab./-(|)[]+?^$\\", max_size=12), st.text(alphabet="ab./", max_size=12))
def test_without_a_star_a_glob_matches_itself_alone(glob, text):
    assert matches(glob, glob)
    assert matches(glob, text) is (glob == text)


@given(
    st.lists(st.sampled_from(["**/", "**", "*", "a", "b", "/"]), max_size=8).map("".join),
    st.text(alphabet="ab/", max_size=8),
)
def test_with_many_stars_it_means_the_same(glob, text):
    assert globs._Automaton(glob).matches(text) is (re.fullmatch(globs.expression(glob), text) is not None)


@pytest.mark.parametrize("glob", ["**a" * 12 + "**b", "**/" * 12 + "b", "*a" * 12 + "*b", "**" * 80 + "b"])
def test_no_glob_takes_longer_than_its_text_is_long(glob):
    """By trying every way to divide the text, one of these would take longer than there is."""
    assert not matches(glob, "a" * 255)
    assert not matches(glob, "a/" * 127)
