"""Which manifests of a repository stay and which go. Pure.

Rule: a tag keeps its manifest, a kept index its children, a kept subject its referrers. What nothing keeps goes when
an index or a subject that it belonged to was deleted, or when untagged manifests are to go; not before its time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wharf.garbage.plan import Decision, Kind, Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from wharf.garbage.plan import Horizon
    from wharf.metadata.inventory import StoredManifest

    Why = tuple[Reason, str]
    Root = Callable[[StoredManifest, Horizon, bool], "Why | None"]

TAGS_SHOWN = 3
"""Most tags that a message names."""


def judge(manifests: Sequence[StoredManifest], repository: str, horizon: Horizon, *, active: bool) -> list[Decision]:
    """Decide on all manifests of a repository, in their order. `active`: a push may be under way."""
    kept = _kept(manifests, horizon, active)
    return [
        _decision(each, repository, Verdict.KEEP, *kept[each.digest])
        if each.digest in kept
        else _decision(each, repository, Verdict.DELETE, *_why_it_goes(each, horizon))
        for each in manifests
    ]


def _kept(manifests: Sequence[StoredManifest], horizon: Horizon, active: bool) -> Mapping[str, Why]:
    """What stays, and why: from each kind of root in turn down to all that it keeps."""
    present = {each.digest: each for each in manifests}
    referrers: dict[str, list[str]] = {}
    for each in manifests:
        if each.subject:
            referrers.setdefault(each.subject, []).append(each.digest)
    kept: dict[str, Why] = {}
    for root in ROOTS:
        waiting: list[tuple[str, Why]] = []
        for each in manifests:
            if each.digest not in kept and (why := root(each, horizon, active)) is not None:
                waiting.append((each.digest, why))
        while waiting:
            digest, why = waiting.pop()
            if digest in kept or digest not in present:
                continue
            kept[digest] = why
            waiting += _below(present[digest].children, Reason.CHILD, f"child of {digest}")
            waiting += _below(referrers.get(digest, ()), Reason.REFERRER, f"refers to {digest}")
    return kept


def _below(digests: Iterable[str], reason: Reason, message: str) -> list[tuple[str, Why]]:
    return [(digest, (reason, message)) for digest in digests]


def tagged(manifest: StoredManifest, horizon: Horizon, active: bool) -> Why | None:
    """Does a tag point at it?"""
    del horizon, active
    if not manifest.tags:
        return None
    names = ", ".join(manifest.tags[:TAGS_SHOWN])
    more = len(manifest.tags) - TAGS_SHOWN
    return Reason.TAGGED, f"tagged {names}{f' and {more} more' if more > 0 else ''}"


def untagged_kept(manifest: StoredManifest, horizon: Horizon, active: bool) -> Why | None:
    """Has it no tag, but such manifests are kept?"""
    del active
    if horizon.delete_untagged or manifest.orphaned:
        return None
    return Reason.UNTAGGED_KEPT, "untagged, and the policy keeps untagged manifests"


def young(manifest: StoredManifest, horizon: Horizon, active: bool) -> Why | None:
    """Is its grace period running?"""
    del active
    if manifest.touched < horizon.grace_begin:
        return None
    state = "its index or subject was deleted" if manifest.orphaned else "untagged"
    return Reason.YOUNG, f"{state}; stays for another {horizon.left(manifest.touched)}"


def counted_on(manifest: StoredManifest, horizon: Horizon, active: bool) -> Why | None:
    """May a push that is under way count on it?"""
    if not active or manifest.touched < horizon.push_begin:
        return None
    return Reason.PUSH, "untagged, but a push is under way in the repository"


ROOTS: tuple[Root, ...] = (tagged, untagged_kept, young, counted_on)
"""The first that applies is the reason that is told."""


def _why_it_goes(manifest: StoredManifest, horizon: Horizon) -> Why:
    since = horizon.ago(manifest.touched)
    if manifest.orphaned:
        return Reason.ORPHANED, f"the index or subject that it belonged to was deleted, {since}"
    return Reason.UNTAGGED, f"untagged, and last in use {since}"


def _decision(manifest: StoredManifest, repository: str, verdict: Verdict, reason: Reason, message: str) -> Decision:
    return Decision(Kind.MANIFEST, manifest.digest, manifest.size, verdict, reason, message, repository)
