"""Byte ranges of downloads and uploads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharf.protocol import ranges


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("bytes=0-0", (0, 1)),
        ("bytes=10-19", (10, 10)),
        ("bytes=90-", (90, 10)),
        ("bytes=-5", (95, 5)),
        ("bytes=-500", (0, 100)),
        ("bytes=50-999", (50, 50)),
        ("BYTES=1-1", (1, 1)),
        ("bytes=0-1,5-6", None),
        ("items=0-1", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
    ],
)
def test_a_range_of_a_hundred_bytes(header, expected):
    assert ranges.requested(header, 100) == expected


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=500-600", "bytes=50-40", "bytes=-0"])
def test_a_range_with_nothing_in_it_is_refused(header):
    with pytest.raises(ranges.RangeError):
        ranges.requested(header, 100)


def test_no_range_of_nothing_can_be_given():
    with pytest.raises(ranges.RangeError):
        ranges.requested("bytes=0-", 0)


@pytest.mark.parametrize(
    "header", ["bytes=" + " " * 30_000 + "x", "bytes=0" + " " * 30_000 + "x", "bytes" + " " * 30_000]
)
def test_blanks_without_measure_are_tried_in_one_way_only(header):
    """In every way it would be a thousand million of them; so many times over, this ends within the test's time."""
    assert [ranges.requested(header, 100) for _ in range(1000)] == [None] * 1000


@given(st.text(alphabet="bytes=0123456789-, \n٣", max_size=24), st.integers(0, 10**6))
def test_a_range_that_is_given_is_within_the_content(header, size):
    try:
        found = ranges.requested(header, size)
    except ranges.RangeError:
        return
    if found is not None:
        start, length = found
        assert 0 <= start < start + length <= size


def test_a_chunk_has_both_ends():
    assert ranges.chunk("0-1023") == (0, 1024)
    assert ranges.chunk("bytes 5-5/*") == (5, 1)


@pytest.mark.parametrize("header", ["", "0-", "-5", "5-4", "a-b", "0--1", "٣-٤", "1-" + "9" * 40])
def test_a_chunk_that_cannot_be_read_is_refused(header):
    with pytest.raises(ranges.RangeError):
        ranges.chunk(header)


def test_what_was_received_is_told_as_clients_expect_it():
    assert ranges.received(0) == "0-0"
    assert ranges.received(1) == "0-0"
    assert ranges.received(1024) == "0-1023"
    assert ranges.content_range(10, 5, 100) == "bytes 10-14/100"
