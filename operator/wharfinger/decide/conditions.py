"""Conditions as Kubernetes keeps them.

Rule: lastTransitionTime moves only when status does, and nothing is rewritten that has not changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from wharfinger.api.parse import rfc3339
from wharfinger.api.reasons import Reason
from wharfinger.api.status import Condition
from wharfinger.decide.condition import Finding
from wharfinger.decide.replicas import UNHEARD

_LONGEST_MESSAGE = 4096


def conditions(
    findings: Mapping[str, Finding], old: Mapping[str, Any], generation: int, now: datetime
) -> tuple[Condition, ...]:
    """The conditions that a status should have, given the status that was."""
    return tuple(_condition(name, finding, before(old, name), generation, now) for name, finding in findings.items())


def before(old: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The condition of this type in a status; empty when it has none."""
    known = old.get("conditions") or ()
    return next((c for c in known if isinstance(c, Mapping) and c.get("type") == name), {})


def standing(name: str, finding: Finding, old: Mapping[str, Any]) -> Finding:
    """The finding; or what a status has as the last word on it, where a pod has yet to be asked."""
    was = before(old, name)
    known: Any = was.get("status")
    if finding is not UNHEARD or known not in {"True", "False", "Unknown"}:
        return finding
    reason = next((reason for reason in Reason if reason.value == was.get("reason")), None)
    return (
        finding if reason is None else Finding(known, reason, str(was.get("message", "")))
    )  # None: of another release


def _condition(name: str, finding: Finding, old: Mapping[str, Any], generation: int, now: datetime) -> Condition:
    same = old.get("status") == finding.status and bool(old.get("lastTransitionTime"))
    return Condition(
        type=name,
        status=finding.status,
        reason=finding.reason.value,
        message=finding.message[:_LONGEST_MESSAGE],
        last_transition_time=str(old["lastTransitionTime"]) if same else rfc3339(now),
        observed_generation=generation,
    )
