"""How full the volume is, as users are told, and how a claim that may grow by itself does.

Rule: a figure that moves a little is not news: what status says stays until it is clearly wrong, so that Registries at
rest are never written. A claim grows once, and again only when the volume has become as large and fills up anew.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from wharfinger.api.parse import ParseError, quantity, size
from wharfinger.api.registry import Registry
from wharfinger.api.storage import AutoGrow
from wharfinger.children.deployment import IMPORT
from wharfinger.decide.observed import Observed, Report
from wharfinger.decide.replicas import active, content_report

_STEP = 2  # percentage points that the volume has to fill or empty by before it is told
_SHARE = Fraction(1, 50)  # of what was stored, by which that has to change before it is told
_LEAST = 1 << 30  # bytes: a change of this size is told in any case
_GIBIBYTE = 1 << 30
_LARGER_DISK = Fraction(3, 2)
_EARLY = 10  # percentage points before pushes are refused


@dataclass(frozen=True, slots=True)
class Usage:
    """What is told of the volume; None where nothing is known yet."""

    used: str | None = None
    percent: int | None = None
    read_only: bool | None = None
    imported: str | None = None


def usage(registry: Registry, observed: Observed) -> Usage:
    """What to tell: what was told before, where that is still about right or nobody can be asked."""
    old = registry.status.get("storage") or {}
    come = imported(observed) or old.get("imported")
    before = Usage(old.get("used"), old.get("usedPercent"), old.get("readOnly"), come)
    report = content_report(observed)
    if report is None:
        return before
    return Usage(_used(before, report), _percent(before, report), report.read_only, come)


def imported(observed: Observed) -> str | None:
    """What an import says that has come to its end."""
    for replica in active(observed):
        for status in replica.pod.get("status", {}).get("initContainerStatuses") or ():
            ended = (status.get("state") or {}).get("terminated") or {}
            if status.get("name") == IMPORT and ended.get("exitCode") == 0:
                return str(ended.get("message") or "").strip()[:1024] or None
    return None


def _used(before: Usage, report: Report) -> str:
    try:
        told = quantity(before.used or "")
    except ParseError:
        return size(report.used)
    moved = abs(report.used - told)
    steady = moved < _LEAST and moved <= told * _SHARE
    return before.used if steady and before.used is not None else size(report.used)


def _percent(before: Usage, report: Report) -> int | None:
    if not report.capacity:
        return before.percent
    fresh = round(100 * (report.capacity - report.available) / report.capacity)
    known = before.percent
    return known if isinstance(known, int) and abs(fresh - known) < _STEP else fresh


def warned_from(registry: Registry) -> int:
    """Percent in use from which the volume counts as filling up."""
    storage = registry.spec.storage
    early = max(1, storage.read_only_above - _EARLY)
    return max(early, storage.auto_grow.above + _STEP) if storage.auto_grow else early


def grown(auto: AutoGrow, claim: Mapping[str, Any], report: Report | None) -> str | None:
    """The size that the claim should grow to by itself now; None: it need not, or cannot.

    `claim` is live, bound, and at least as large as it asks to be. What is in use is compared with the claim's capacity
    as well, because a report may still be of the volume before it grew. A volume that is a part of a larger disk (with
    hostPath, say) is not grown: that would not give it any room.
    """
    requested = quantity(claim["spec"]["resources"]["requests"]["storage"])
    capacity = quantity(claim["status"]["capacity"]["storage"])
    if report is None or not report.capacity or capacity < requested or report.capacity > capacity * _LARGER_DISK:
        return None
    taken = report.capacity - report.available
    if min(Fraction(taken, report.capacity), Fraction(taken) / capacity) * 100 < auto.above:
        return None
    wanted = max(requested * Fraction(5, 4), requested + _GIBIBYTE)
    whole = Fraction(math.ceil(wanted / _GIBIBYTE) * _GIBIBYTE)
    if whole >= quantity(auto.to):
        return auto.to if quantity(auto.to) > requested else None
    return f"{whole // _GIBIBYTE}Gi"
