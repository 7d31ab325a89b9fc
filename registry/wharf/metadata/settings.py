"""A few words that wharf's processes leave for each other in the index, and for themselves after a restart.

Rule: a value is text that its owner gives a form and can do without: an empty one must be good enough to start from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

BOOT = "boot"
"""The machine's boot in which the registry last started (garbage/recovery.py)."""

CLOCK = "clock"
"""What the clocks showed last, and where the wall clock was set forward (garbage/timekeeper.py)."""

MARK = "mark"
"""What the content is marked with as well (witness.py)."""

IMPORTED = "imported"
"""What an import said that is carried out only once (importing/command.py)."""

SCRUB = "scrub"
"""How far the verification has come that goes on by itself (verify/scrub.py)."""

GARBAGE = "garbage"
"""The last sweep, and the sums of all (garbage/history.py)."""


class Settings(Protocol):
    """Texts by name."""

    async def get(self, name: str) -> str:
        """The value; empty when there is none."""

    async def put(self, values: Mapping[str, str]) -> None:
        """Set values, all at once."""
