"""The plugin's only clock.

Rule: everything else takes `now` as an argument, or a clock to call at the edge.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the one place that reads the clock


def pause(seconds: float) -> None:
    """Let time pass between two looks at something."""
    time.sleep(seconds)


def steady() -> float:
    """Seconds on a clock that never jumps, for deadlines."""
    return time.monotonic()
