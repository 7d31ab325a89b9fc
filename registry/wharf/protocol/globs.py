"""Globs over repository names and tags, one meaning for access rules and webhooks.

Rule: `*` matches within one path part, `**` across parts, and `**/` also no part at all; everything else is itself.
Whatever the glob, matching takes a time that grows with the text's length, not with the ways to divide it: who may make
a webhook must not be able to stop a registry.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FEW = 2
"""Wildcards that a regular expression is quick with; with each more it may take a hundred times as long."""

_WILDCARDS = re.compile(r"\*\*/|\*\*|\*")
_TRANSLATED = {"**/": r"(?:.*/)?", "**": r".*", "*": r"[^/]*"}


@lru_cache(maxsize=4096)
def compiled(glob: str) -> Callable[[str], object]:
    """What is true of a text that the glob matches."""
    if len(_WILDCARDS.findall(glob)) <= FEW:
        return re.compile(expression(glob)).fullmatch
    return _Automaton(glob).matches


def matches(glob: str, text: str) -> bool:
    """Whether a glob matches the whole of `text`."""
    return bool(compiled(glob)(text))


def expression(glob: str) -> str:
    """The regular expression of a glob, for fullmatch."""
    return "".join(_TRANSLATED.get(token) or re.escape(token) for token in _tokens(glob))


def _tokens(glob: str) -> list[str]:
    """The wildcards of a glob, and its other characters one by one."""
    return re.findall(r"(?s)\*\*/|\*\*|\*|.", glob)


class _Automaton:
    """All places in a glob where a text may stand, at once: each a bit, moved on by each character."""

    def __init__(self, glob: str) -> None:
        self._letters: dict[str, int] = {}  # places that this character leads on from
        self._across = self._within = 0  # places that any character, and any but a slash, stays at
        self._one = self._two = 0  # places that may be left for the next, and for the one after that, without any
        here = 1
        for part in _tokens(glob):
            if part == "**/":
                self._one |= here
                self._two |= here
                here <<= 1
                self._across |= here
                self._letters["/"] = self._letters.get("/", 0) | here
            elif part == "**":
                self._across |= here
                self._one |= here
            elif part == "*":
                self._within |= here
                self._one |= here
            else:
                self._letters[part] = self._letters.get(part, 0) | here
            here <<= 1
        self._end = here
        self._begin = self._spread(1)

    def matches(self, text: str) -> bool:
        """Whether the whole of `text` matches."""
        places = self._begin
        for character in text:
            staying = places & (self._across if character == "/" else self._across | self._within)
            places = self._spread(staying | (places & self._letters.get(character, 0)) << 1)
        return bool(places & self._end)

    def _spread(self, places: int) -> int:
        """With the places that follow without a character."""
        before = 0
        while places != before:
            before = places
            places |= (places & self._one) << 1 | (places & self._two) << 2
        return places
