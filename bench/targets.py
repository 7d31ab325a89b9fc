"""What each figure should reach, and whether it does.

Rule: a target is judged against every server that it names and that ran; who did not run is named in the verdict. A row
without a target is there to be read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.rows import ratio


@dataclass(frozen=True)
class Target:
    """`times` better than a server, by name; or below `most`; or no less than `least`."""

    times: Mapping[str, float] = field(default_factory=dict)
    most: float | None = None
    least: float | None = None

    def text(self) -> str:
        """As a table has it."""
        if self.most is not None:
            return f"< {self.most:,.0f}"
        if self.least is not None:
            return f">= {self.least:g}"
        return ", ".join(f"{name} x {times:g}" for name, times in self.times.items())

    def verdict(self, row: str, values: Mapping[str, float | None]) -> str:
        """`met`, or what falls short."""
        ours = values.get("wharf")
        if ours is None:
            return ""
        if self.most is not None:
            return "met" if ours < self.most else "missed"
        if self.least is not None:
            return "met" if ours >= self.least else "missed"
        absent = [name for name in self.times if values.get(name) is None]
        missed = [
            name
            for name, times in self.times.items()
            if (theirs := values.get(name)) is not None and ratio(row, ours, theirs) < times
        ]
        verdict = f"missed: {', '.join(missed)}" if missed else "met" if len(absent) < len(self.times) else ""
        return f"{verdict} (no {', '.join(absent)})".strip() if absent else verdict


def _both(times: float, **more: float) -> Target:
    return Target({"Distribution": times, "zot": times, **more})


_TARGETS = (
    (r"manifest GET, (plain|TLS), requests/s", Target({"Distribution": 8, "zot": 3})),
    (r"manifest GET, (plain|TLS), p99 ms", _both(1)),
    (r"blob GET(, curl)?, plain, MB/s", _both(1.5, nginx=1)),
    (r"blob GET(, curl)?, TLS, MB/s", _both(2, nginx=1)),
    (r"blob PUT and manifest(, curl)?, (plain|TLS), MB/s", _both(1.3)),
    (r"small images pushed, (plain|TLS), images/s", _both(2)),
    (r"page of .*|the same from the middle, .*", Target(most=50)),
    (r"start with 100,000 manifests, ms", Target(most=1000)),
    (r"(pushes|pulls) with three webhooks of .*", Target(least=0.95)),
    (r"memory at rest, MB", Target(most=80)),
    (r"most memory, 32 uploads of \d+ MiB, MB", Target(most=200)),
)


def target(row: str) -> Target | None:
    """The target of a row, if it has one."""
    return next((found for pattern, found in _TARGETS if re.fullmatch(pattern, row)), None)
