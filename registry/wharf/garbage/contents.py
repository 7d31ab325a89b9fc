"""Which blobs stay and which go. Pure.

Rule: a blob goes only when no manifest names it, and every hold on it has had its grace period in a repository that no
push is under way in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wharf.garbage.plan import Decision, Kind, Reason, Verdict
from wharf.wording import count

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from wharf.blobs.listing import Stored
    from wharf.garbage.plan import Horizon
    from wharf.metadata.inventory import Content, Hold


def ended(content: Content, horizon: Horizon, active: AbstractSet[str]) -> list[Hold]:
    """The holds that are to end. `active` are the repositories in which a push may be under way."""
    return [
        hold
        for hold in content.unbacked
        if hold.touched < horizon.grace_begin and (hold.repository not in active or hold.touched < horizon.push_begin)
    ]


def judge(content: Content, horizon: Horizon, active: AbstractSet[str]) -> Decision:
    """Decide on content of the index."""
    gone = ended(content, horizon, active)
    reason, message = _why(content, horizon, [hold for hold in content.unbacked if hold not in gone])
    verdict = Verdict.DELETE if reason is Reason.UNNAMED else Verdict.KEEP
    if gone and verdict is Verdict.KEEP:
        verdict = Verdict.RELEASE
        message = f"{message}; {count(len(gone), 'repository', 'repositories')} without use for it let go of it"
    return Decision(Kind.BLOB, content.digest, content.size, verdict, reason, message)


def judge_unknown(stored: Stored, horizon: Horizon) -> Decision:
    """Decide on content that the index does not know: a push that was broken off, or a removal that was.

    Where the index is new, perhaps because another was lost, the grace period begins with the index.
    """
    message = f"stored {horizon.ago(stored.stored)}, and the index does not know it"
    verdict = Verdict.DELETE
    since = max(stored.stored, horizon.timeline.begin)
    if since >= horizon.grace_begin:
        verdict, message = Verdict.KEEP, f"{message}; stays for another {horizon.left(since)}"
    return Decision(Kind.BLOB, stored.digest, stored.size, verdict, Reason.UNKNOWN, message)


def _why(content: Content, horizon: Horizon, staying: list[Hold]) -> tuple[Reason, str]:
    """Why a blob stays, or Reason.UNNAMED and why it goes. `staying` are the holds that do not end."""
    if content.manifests > content.leaving:
        return Reason.NAMED, f"named by {count(content.manifests - content.leaving, 'manifest')}"
    if content.manifests:
        return Reason.LEAVING, "named only by manifests that go; a later sweep looks again"
    newest = max([content.touched, *(hold.touched for hold in staying)])
    if newest >= horizon.grace_begin:
        left = horizon.left(newest)
        return Reason.YOUNG, f"named by no manifest, but a push may count on it for another {left}"
    if staying:
        return Reason.PUSH, f"named by no manifest, but a push is under way in {staying[0].repository}"
    newest = max([content.touched, *(hold.touched for hold in content.unbacked)])
    return Reason.UNNAMED, f"named by no manifest, and last in use {horizon.ago(newest)}"
