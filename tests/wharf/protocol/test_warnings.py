"""The Warning header."""

import pytest

from wharf.protocol.warnings import LIMIT, warning


def test_a_warning_has_the_specified_form():
    assert warning("moves on Friday") == ("Warning", '299 - "moves on Friday"')


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('say "hi"', r'299 - "say \"hi\""'),
        ("a\\b", r'299 - "a\\b"'),
        ("a\r\nX: y", '299 - "a??X: y"'),
        ("ü", '299 - "?"'),
    ],
)
def test_nothing_breaks_out_of_it(text, value):
    assert warning(text)[1] == value


def test_a_long_text_is_cut():
    assert len(warning("a" * 10_000)[1]) == LIMIT + len('299 - ""')
