"""The htpasswd file: which line of which user stays, is new, or ends when.

Rule: a line whose password still verifies is kept as it is, and a replaced one is given an end, not cut off, unless the
overlap is zero. Lines of one user stand in order: the password in use, the next one, then those that end.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from wharfinger.api.parse import ParseError, rfc3339, timestamp
from wharfinger.decide.mint import Mint


@dataclass(frozen=True, slots=True)
class Line:
    """One hash of one user, and when it stops counting."""

    user: str
    hash: str
    expires: datetime | None = None

    def __str__(self) -> str:
        end = f":{rfc3339(self.expires)}" if self.expires else ""
        return f"{self.user}:{self.hash}{end}"


def parse(text: str) -> list[Line]:
    """Read a file; what is not one of our lines is left out."""
    lines = []
    for row in text.splitlines():
        user, _, rest = row.partition(":")
        hashed, _, end = rest.partition(":")
        try:
            expires = timestamp(end) if end else None
        except ParseError:
            continue
        if user and hashed.startswith("$2"):
            lines.append(Line(user, hashed, expires))
    return lines


def render(lines: Iterable[Line]) -> str:
    """The text of a file."""
    return "".join(f"{line}\n" for line in lines)


def live(lines: Iterable[Line]) -> list[Line]:
    """The lines that do not end."""
    return [line for line in lines if line.expires is None]


def unexpired(lines: Iterable[Line], overlap: timedelta, now: datetime) -> list[Line]:
    """The lines that end, but not yet. A shorter overlap than when they were replaced ends them sooner."""
    ending = [line for line in lines if line.expires is not None and line.expires > now]
    latest = now + overlap
    return [line if line.expires and line.expires <= latest else _ending(line, latest) for line in ending if overlap]


def latest(lines: Iterable[Line], most: int) -> list[Line]:
    """Of the lines that end, the `most` that end last."""
    return sorted(lines, key=lambda line: line.expires.timestamp() if line.expires else 0.0, reverse=True)[:most]


def renewed(
    user: str,
    lines: Sequence[Line],
    passwords: Sequence[str],
    mint: Mint,
    end: datetime | None,
    *,
    random: bool = False,
) -> tuple[list[Line], list[Line]]:
    """Match a user's endless lines with the passwords that should work.

    Returns the lines for `passwords`, in their order, and the lines that were replaced, which end at `end` (None: none
    is kept). `random`: the passwords are ones that nobody guesses.
    """
    left = list(lines)
    kept = []
    for password in passwords:
        match = next((line for line in left if mint.verify(password, line.hash)), None)
        if match is not None:
            left.remove(match)
        kept.append(match or Line(user, mint.hash(password, random=random)))
    return kept, [_ending(line, end) for line in left] if end else []


def _ending(line: Line, end: datetime) -> Line:
    return dataclasses.replace(line, expires=end.replace(microsecond=0))
