"""What garbage collection keeps and what it takes, with a reason for each. Pure.

Rule: content goes only when no manifest names it and it was neither pushed, mounted nor asked for by a push within the
grace period. In doubt it stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wharf.blobs.listing import Stored
    from wharf.metadata.inventory import Content


class Verdict(Enum):
    """What is to happen to content."""

    KEEP = "keep"
    RELEASE = "release"  # it stays, but repositories that no longer use it lose their hold on it
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to happen to some content, and why. `size` in bytes."""

    digest: str
    size: int
    verdict: Verdict
    reason: str


def judge(content: Content, now: float, grace: float) -> Decision:
    """Decide on content of the index. `grace` in seconds."""
    before = now - grace
    if content.manifests:
        named = f"named by {_count(content.manifests, 'manifest')}"
        if content.unbacked and content.oldest_touch < before:
            reason = f"{named}, but not in every repository that holds it"
            return Decision(content.digest, content.size, Verdict.RELEASE, reason)
        return Decision(content.digest, content.size, Verdict.KEEP, named)
    if content.newest_touch >= before:
        reason = f"named by no manifest, but in use {_ago(now - content.newest_touch)}: a push may count on it"
        return Decision(content.digest, content.size, Verdict.KEEP, reason)
    reason = f"named by no manifest, and last in use {_ago(now - content.newest_touch)}"
    return Decision(content.digest, content.size, Verdict.DELETE, reason)


def judge_unknown(stored: Stored, now: float, grace: float) -> Decision:
    """Decide on content that the index does not know: a push that was broken off, or a removal that was."""
    age = _ago(now - stored.stored)
    if stored.stored >= now - grace:
        return Decision(stored.digest, stored.size, Verdict.KEEP, f"stored {age} and not in the index yet")
    return Decision(stored.digest, stored.size, Verdict.DELETE, f"stored {age} and not in the index")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _ago(seconds: float) -> str:
    """An age in its largest whole unit."""
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return f"{_count(int(seconds // length), unit)} ago"
    return "just now"
