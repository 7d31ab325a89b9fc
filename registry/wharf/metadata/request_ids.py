"""The ids that wharf gives to requests which it answers from memory. Pure, but for the random part.

Rule: an id is a number in a row behind something random, so that many requests in a row are noted as one thing, and
what they cost together is next to nothing.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

_DIGITS = 4
"""Hexadecimal ones, of the number."""

_NUMBERS = 16**_DIGITS

_PAIRS = [f"{number:02x}" for number in range(256)]


class Series(msgspec.Struct, frozen=True, array_like=True):
    """Ids in a row: what they begin with, the number of the first, and how many they are."""

    beginning: str
    first: int
    count: int

    def ids(self) -> Iterator[str]:
        """Each of them, in their order."""
        return (f"{self.beginning}{number:0{_DIGITS}x}" for number in range(self.first, self.first + self.count))

    def split(self, count: int) -> tuple[Series, Series]:
        """The first so many, and the others."""
        return (
            Series(self.beginning, self.first, count),
            Series(self.beginning, self.first + count, self.count - count),
        )


def generate() -> Iterator[str]:
    """Ids, as long as any request gets."""
    while True:
        random = os.urandom(16 - _DIGITS // 2).hex()
        for pair in _PAIRS:
            beginning = random + pair
            yield from [beginning + end for end in _PAIRS]


def series(first: str, last: str, count: int) -> list[Series]:
    """The ids from the first to the last that generate() yielded, which are so many: in one row, or in two."""
    number = int(first[-_DIGITS:], 16)
    fitting = min(count, _NUMBERS - number)
    rows = [Series(first[:-_DIGITS], number, fitting)]
    if fitting < count:
        rows.append(Series(last[:-_DIGITS], 0, count - fitting))
    return rows
