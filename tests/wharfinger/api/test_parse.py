"""Amounts and times: exact, and bad text says what to write instead."""

import datetime as dt
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.api.parse import ParseError, duration, quantity, rfc3339, size, timestamp


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10Gi", 10 * 1024**3),
        ("1.5Gi", 1.5 * 1024**3),
        ("500m", Fraction(1, 2)),
        ("1e3", 1000),
        ("1E3", 1000),
        ("2k", 2000),
        ("2M", 2 * 10**6),
        ("1Ei", 1024**6),
        (".5", Fraction(1, 2)),
        ("0", 0),
        (3, 3),
    ],
)
def test_a_quantity_has_its_exact_value(text, value):
    assert quantity(text) == value


@pytest.mark.parametrize("text", ["", "Gi", "10GB", "ten", "1 Gi", "0x10", "1e", "1Ki2"])
def test_what_is_no_quantity_is_refused_with_an_example(text):
    with pytest.raises(ParseError, match="10Gi"):
        quantity(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("24h", 86400), ("1h30m", 5400), ("500ms", 0.5), ("0s", 0), ("1.5h", 5400), ("90s", 90)]
)
def test_a_duration_has_its_length(text, seconds):
    assert duration(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "24", "1d", "h", "-1h", "1 h", "1h 30m", "9" * 20 + "h"])
def test_what_is_no_duration_is_refused_with_an_example(text):
    with pytest.raises(ParseError, match="h"):
        duration(text)


@given(st.datetimes(timezones=st.just(dt.UTC)))
def test_a_time_survives_being_written_and_read(moment):
    assert timestamp(rfc3339(moment)) == moment.replace(microsecond=0)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-01-31T12:00:00"])
def test_a_time_without_offset_or_form_is_refused(text):
    with pytest.raises(ParseError, match="2026-01-31T12:00:00Z"):
        timestamp(text)


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "0"), (1023, "1023"), (1024, "1Ki"), (3 * 1024**3, "3Gi"), (3_435_973_837, "3.2Gi"), (2**50 * 3, "3072Ti")],
)
def test_a_size_reads_well(amount, text):
    assert size(amount) == text


@given(st.integers(min_value=0, max_value=2**60))
def test_a_size_is_a_quantity_close_to_the_amount(amount):
    assert abs(quantity(size(amount)) - amount) <= max(1, amount * 0.06)
