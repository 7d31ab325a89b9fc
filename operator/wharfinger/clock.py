"""The operator's only wall clock.

Rule: everything else takes `now` as an argument, or a clock to call at the edge.
"""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current time, aware, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the one place that reads the clock
