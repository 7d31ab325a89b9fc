"""Names and tags as distribution-spec writes them, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharf.protocol import references


@pytest.mark.parametrize("name", ["a", "library/busybox", "a.b/c_d/e__f/g--h/0", "a" * 255, "blobs/uploads/tags/list"])
def test_a_name_of_the_specification_is_a_name(name):
    assert references.is_name(name)


@pytest.mark.parametrize(
    "name",
    ["", "A", "a/", "/a", "a//b", "a..b", "../a", "a/../b", "a.", "-a", "a___b", "a b", "a\n", "a\0", "ä", "a" * 256],
)
def test_anything_else_is_not_a_name(name):
    assert not references.is_name(name)


@pytest.mark.parametrize("tag", ["latest", "v1.2.3", "_x", "A-B", "a" * 128])
def test_a_tag_of_the_specification_is_a_tag(tag):
    assert references.is_tag(tag)


@pytest.mark.parametrize("tag", ["", ".a", "-a", "a/b", "a:b", "a\n", "ä", "a" * 129])
def test_anything_else_is_not_a_tag(tag):
    assert not references.is_tag(tag)


@given(st.text(max_size=300))
def test_no_name_or_tag_can_leave_its_place_in_a_path(text):
    if references.is_name(text):
        assert all(part not in ("", ".", "..") for part in text.split("/"))
        assert text.isascii()
        assert text.isprintable()
    if references.is_tag(text):
        assert "/" not in text
        assert not references.names_digest(text)
