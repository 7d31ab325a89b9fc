"""The Registry's status, and the Events about its transitions.

Rule: Ready sums up, in the words of the first condition that is not True; an Event is sent when a condition turns, not
while it stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from wharfinger.api.meta import plain
from wharfinger.api.reasons import Reason
from wharfinger.api.registry import Registry
from wharfinger.decide.changes import NOTHING, Held
from wharfinger.decide.condition import Finding, bad, good
from wharfinger.decide.conditions import before, conditions
from wharfinger.decide.observed import Manifest
from wharfinger.decide.outcome import Occurrence
from wharfinger.decide.plan import Plan, Reference

# cause before consequence: without a claim there is no pod, without a pod nothing has loaded a password
ORDER = ("StorageReady", "WorkloadReady", "CertificateReady", "CredentialsReady", "ExposureReady", "WebhooksReady")

# what everything passes through on its way; worth a condition, not an Event
PASSING = frozenset(
    {
        Reason.INGRESS_PENDING,
        Reason.ROUTE_PENDING,
        Reason.LOAD_BALANCER_PENDING,
        Reason.CLAIM_CREATING,
        Reason.CLAIM_PENDING,
        Reason.CLAIM_RESIZING,
        Reason.CERTIFICATE_PENDING,
        Reason.CREDENTIALS_PENDING,
        Reason.CONFIGURATION_PENDING,
        Reason.DEPLOYING,
        Reason.PAUSED,
        Reason.POD_STARTING,
        Reason.IMPORTING,
        Reason.REPORT_UNAVAILABLE,
        Reason.NOTHING_SENT,
    }
)
# what nobody here can hasten, but what everything else may wait for
QUIET = PASSING | {Reason.CERTIFICATE_ISSUING}


def summed_up(registry: Registry, findings: Mapping[str, Finding], url: str, held: Held = NOTHING) -> Finding:
    """The condition Ready: what needs somebody's help first, then what only needs time.

    A failing webhook does not make a registry unready: it serves. A paused one says what it holds back.
    """
    paused = "spec.paused holds changes back"
    if held.differences:
        paused += f" ({'; '.join(held.differences)})"
    paused += ": set it to false to have them made"
    untrue = [
        findings[name]
        for name in ORDER
        if name in findings and name != "WebhooksReady" and findings[name].status != "True"
    ]
    for finding in sorted(untrue, key=lambda finding: finding.reason in PASSING):
        if not registry.spec.paused:
            return bad(finding.reason, finding.message)
        waits = finding.reason in PASSING and held.differences
        return bad(Reason.PAUSED if waits else finding.reason, f"{finding.message}; {paused}")
    if held.missing:
        return bad(Reason.PAUSED, paused)
    if registry.spec.paused:
        return good(Reason.PAUSED, f"{url} serves; {paused}")
    return good(Reason.READY, f"{url} serves")


def events(findings: Mapping[str, Finding], old: Mapping[str, Any]) -> tuple[Occurrence, ...]:
    """An Event for every condition that has turned, in the order of cause and consequence."""
    told = []
    for name in (*ORDER, "Ready"):
        if name not in findings:
            continue
        finding, was = findings[name], before(old, name)
        if was.get("status") == finding.status and was.get("reason") == finding.reason.value:
            continue
        if finding.status == "True":
            recovered = was.get("status") == "False" and was.get("reason") not in QUIET
            if recovered if name != "Ready" else was.get("status") != "True":
                told.append(Occurrence("Normal", finding.reason, f"{name}: {finding.message}"))
        elif name != "Ready" and finding.reason not in QUIET:
            kind: Any = "Normal" if finding.reason in (Reason.STOPPED, Reason.HIBERNATED) else "Warning"
            told.append(Occurrence(kind, finding.reason, f"{name}: {finding.message}"))
    return tuple(told)


def invalid(manifest: Manifest, reference: Reference, error: Exception, now: datetime) -> Plan:
    """The Plan for an object that does not fit its schema: say so, and touch nothing."""
    old = manifest.get("status") or {}
    generation = int(manifest["metadata"].get("generation", 0))
    finding = bad(Reason.INVALID_SPEC, f"{error}. Until then everything stays as it is")
    kept = [c for c in old.get("conditions") or [] if c.get("type") != "Ready"]
    ready = conditions({"Ready": finding}, old, generation, now)
    fresh = {**old, "observedGeneration": generation, "conditions": [*(plain(c) for c in ready), *kept]}
    if fresh == old:
        return Plan()
    return Plan(statuses={reference: fresh})
