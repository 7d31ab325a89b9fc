"""The one place of wharf that reads the wall clock.

Rule: everything else takes a `Clock` or a time as an argument, so tests say what time it is. Times are Unix seconds
(float) inside wharf and in the index, and RFC 3339 in UTC wherever people or other programs read them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], float]
"""Answers the time in Unix seconds."""


def now() -> float:
    """The present time in Unix seconds."""
    return time.time()  # noqa: TID251 - this module is the edge that the ban points to


def rfc3339(seconds: float | None) -> str:
    """A time in RFC 3339, UTC, to the microsecond; empty for None, which stands for never."""
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
