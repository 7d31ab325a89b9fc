"""Globs over repository names and tags, one meaning for access rules and webhooks.

Rule: `*` matches within one path part, `**` across parts, and `**/` also no part at all; everything else is itself.
"""

from __future__ import annotations

import re

_WILDCARDS = re.compile(r"\*\*/|\*\*|\*")
_TRANSLATED = {"**/": r"(?:.*/)?", "**": r".*", "*": r"[^/]*"}


def expression(glob: str) -> str:
    """The regular expression of a glob, for fullmatch."""
    parts, at = [], 0
    for wildcard in _WILDCARDS.finditer(glob):
        parts += [re.escape(glob[at : wildcard.start()]), _TRANSLATED[wildcard[0]]]
        at = wildcard.end()
    return "".join([*parts, re.escape(glob[at:])])


def matches(glob: str, text: str) -> bool:
    """Whether a glob matches the whole of `text`."""
    return re.fullmatch(expression(glob), text) is not None
