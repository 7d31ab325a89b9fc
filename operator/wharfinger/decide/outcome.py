"""What one concern contributes to the Plan.

Rule: a child that is neither wanted nor kept is deleted, so a concern names everything that it answers for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from wharfinger.api.reasons import Reason

Key = tuple[str, str]  # kind and name


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Something worth an Event about the Registry."""

    type: Literal["Normal", "Warning"]
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Children that are wanted, children that stay as they are, what to tell, and when to look again."""

    children: tuple[dict[str, Any], ...] = ()
    keep: frozenset[Key] = frozenset()
    events: tuple[Occurrence, ...] = field(default=())
    wake: datetime | None = None
