"""What garbage collection keeps and what it takes, with a reason for each. Pure.

Rule: a thing goes only when nothing needs it, and its grace period has passed, and no push is under way in its
repository that may count on it. In doubt it stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from wharf.wording import duration

if TYPE_CHECKING:
    from wharf.garbage.timeline import Timeline

QUIET = 600.0
"""Seconds without a byte, an answer or a manifest after which no push is under way in a repository. No grace period is
shorter, so that what a push was told a moment ago holds."""

LONGEST_PUSH = 86400.0
"""Seconds beyond the grace period that a push may take. What is older goes though its repository is never quiet."""


class Verdict(Enum):
    """What is to happen to something."""

    KEEP = "keep"
    RELEASE = "release"  # it stays, but repositories that no longer use it lose their hold on it
    DELETE = "delete"


class Kind(Enum):
    """What it is."""

    MANIFEST = "manifest"
    BLOB = "blob"


class Reason(Enum):
    """Why it stays or goes, for programs; the message says it to people."""

    TAGGED = "Tagged"
    CHILD = "ChildOfKept"
    REFERRER = "ReferrerOfKept"
    UNTAGGED_KEPT = "UntaggedKept"
    YOUNG = "Young"
    PUSH = "PushUnderWay"
    NAMED = "Named"
    LEAVING = "NamedByLeaving"
    UNTAGGED = "Untagged"
    ORPHANED = "Orphaned"
    UNNAMED = "Unnamed"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to happen to something, and why. `size` in bytes; `repository` is empty for what belongs to several."""

    kind: Kind
    digest: str
    size: int
    verdict: Verdict
    reason: Reason
    message: str
    repository: str = ""


class Horizon:
    """The times that decide. `grace` in seconds; with `delete_untagged` manifests without a tag go as well."""

    def __init__(self, timeline: Timeline, grace: float, *, delete_untagged: bool = False) -> None:
        self.timeline = timeline
        self.grace = max(grace, QUIET)
        self.delete_untagged = delete_untagged
        self.grace_begin = timeline.before(self.grace)
        """What was touched earlier than this has had its grace period."""
        self.quiet_begin = timeline.before(QUIET)
        """A repository in which nothing has happened since then is quiet."""
        self.push_begin = timeline.before(self.grace + LONGEST_PUSH)
        """No push that began earlier than this is waited for."""
        self.last_moment = timeline.before(self.grace - QUIET)
        """What was touched then has as much time left as it takes for a repository to be quiet."""

    def left(self, touched: float) -> str:
        """How much of its grace period is left to a thing, in words."""
        return duration(self.grace - self.timeline.age(touched))

    def ago(self, time: float) -> str:
        """How long ago a time was, in words."""
        return f"{duration(self.timeline.age(time))} ago"
