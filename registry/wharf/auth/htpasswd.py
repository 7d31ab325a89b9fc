"""Reads htpasswd files: `name:bcrypt-hash`, and wharf's third field, the time at which that line ends.

Rule: a file is taken whole or not at all, and an error names the line, never what is in it. Only bcrypt is accepted,
for the other schemes of htpasswd can be guessed at a million tries a second.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

COST_LIMIT = 16  # bcrypt cost; one more doubles the time, and 16 already takes seconds

_HASH = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")


class HtpasswdError(ValueError):
    """The file cannot be used. The message names the line and the remedy, and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One way in: a bcrypt hash, and the time when it ends in Unix seconds (None: never)."""

    hash: bytes
    cost: int
    expires: float | None = None


def parse(text: str) -> Mapping[str, tuple[Line, ...]]:
    """The lines of every user, in the file's order. Blank lines and those that begin with # are skipped.

    Several lines of a user are all valid. Raises HtpasswdError for the first line that cannot be used.
    """
    users: dict[str, list[Line]] = {}
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        name, parsed = _line(line, number)
        users.setdefault(name, []).append(parsed)
    return {name: tuple(lines) for name, lines in users.items()}


def _line(line: str, number: int) -> tuple[str, Line]:
    name, colon, rest = line.partition(":")
    encoded, _, expiry = rest.partition(":")
    if not name or not colon:
        raise HtpasswdError(f"line {number}: must be NAME:HASH or NAME:HASH:EXPIRY")
    match = _HASH.fullmatch(encoded)
    if match is None:
        raise HtpasswdError(f"line {number}: the hash is not bcrypt; make it with `htpasswd -B`")
    cost = int(match[1])
    if not 4 <= cost <= COST_LIMIT:
        raise HtpasswdError(f"line {number}: bcrypt cost {cost} is not between 4 and {COST_LIMIT}; 10 is usual")
    return name, Line(encoded.encode(), cost, _expiry(expiry, number))


def _expiry(text: str, number: int) -> float | None:
    if not text:
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise HtpasswdError(f"line {number}: the third field must be a time such as 2026-11-30T12:00:00Z") from error
    if parsed.tzinfo is None:
        raise HtpasswdError(f"line {number}: the time needs a zone: end it with Z")
    return parsed.timestamp()
