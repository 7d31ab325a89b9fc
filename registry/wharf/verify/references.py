"""Comparing what the index has noted of a manifest with what the manifest says. Pure.

Rule: a manifest's content is the truth about it, once its digest has proved it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wharf.protocol import digests
from wharf.protocol.manifests import ManifestError, parse

if TYPE_CHECKING:
    from wharf.metadata.audit import Audited


@dataclass(frozen=True, slots=True)
class Named:
    """The digests that a manifest names: `blobs`, which may be there or not, and other manifests."""

    blobs: tuple[str, ...]
    others: tuple[str, ...]


def named(manifest: Audited) -> Named | None:
    """What a manifest names by its content; None when its content is not what its digest says."""
    algorithm = digests.algorithm_of(manifest.digest)
    if digests.digest_of(manifest.content, algorithm) != manifest.digest:
        return None
    try:
        parsed = parse(manifest.content, manifest.media_type)
    except ManifestError:  # it was accepted once, by rules that have changed: what was noted then is all there is
        return Named(manifest.blobs, manifest.others)
    return Named((*parsed.blobs, *parsed.optional), parsed.manifests)


def difference(manifest: Audited, expected: Named) -> str:
    """What the index has not noted, or noted in vain, in words; empty when they agree."""
    noted = {*manifest.blobs, *manifest.others}
    named_here = {*expected.blobs, *expected.others}
    parts = []
    if missing := sorted(named_here - noted):
        parts.append(f"the index does not note that it names {', '.join(missing)}")
    if extra := sorted(noted - named_here):
        parts.append(f"the index notes in vain that it names {', '.join(extra)}")
    return "; ".join(parts)
