"""What globs match."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
