"""What each RegistryWebhook is told of itself: conditions and figures, from the registry's report.

Rule: figures are the registry's own; while it cannot be asked, the last ones stay. A failing endpoint shows wherever
one looks: in both conditions' messages, and as an Event when it begins and when it ends.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from wharfinger.api.meta import plain
from wharfinger.api.parse import ParseError, timestamp
from wharfinger.api.reasons import Reason
from wharfinger.api.status import DeliveryError, RegistryWebhookStatus, WebhooksStatus
from wharfinger.decide.condition import Finding, bad, first, good, unknown
from wharfinger.decide.conditions import before, conditions, standing
from wharfinger.decide.observed import Manifest, Observed, WebhookReport
from wharfinger.decide.outcome import Occurrence
from wharfinger.decide.replicas import UNHEARD, content_report, taking_over
from wharfinger.decide.webhooks import Hook

PACE = timedelta(seconds=15)
"""Between two writes of a webhook's status of which only figures differ."""

_FIGURES = ("delivered", "pending", "dead", "failed", "refused", "dropped", "lastSuccess", "lastError")


@dataclass(frozen=True, slots=True)
class State:
    """What the conditions of one webhook are decided from."""

    hook: Hook
    unloaded: Finding | None  # why the newest configuration is not in use everywhere
    report: WebhookReport | None

    @property
    def generation(self) -> int:
        """The webhook's generation."""
        return int(self.hook.manifest["metadata"].get("generation", 0))


def invalid(state: State) -> Finding | None:
    """Does something it names, or its own form, stand in the way?"""
    return state.hook.problem


def not_loaded(state: State) -> Finding | None:
    """Does a replica not know it yet?"""
    return state.unloaded


def known(state: State) -> Finding:
    """Every replica knows it. The message is what `kubectl get` shows, so it does not hide that the endpoint fails."""
    trouble = failing(state)
    told = f"; {trouble.message}" if trouble else ""
    return good(Reason.ENDPOINT_LIVE, f"every replica of the registry knows the endpoint{told}")


READY_CHECKS = (invalid, not_loaded, known)


def suspended(state: State) -> Finding | None:
    """Are events being kept back?"""
    webhook = state.hook.webhook
    if webhook is None or not webhook.spec.suspend:
        return None
    pending = state.report.pending if state.report else 0
    return unknown(Reason.SUSPENDED, f"spec.suspend keeps {pending} events back: set it to false to send them")


def held(state: State) -> Finding | None:
    """Are events kept because something is missing?"""
    problem, endpoint = state.hook.problem, state.hook.endpoint
    sends = endpoint is not None and not endpoint.suspended  # a known signing secret goes on being used
    return bad(problem.reason, problem.message) if problem and not sends else None


def unasked(state: State) -> Finding | None:
    """Is there nothing to go by?"""
    return None if state.report else unknown(Reason.NOTHING_SENT, "the registry has not reported on this endpoint yet")


def failing(state: State) -> Finding | None:
    """Did the last attempt fail?"""
    report = state.report
    if report is None or not _failed(report):
        return None
    message = f"the endpoint did not take the last event: {report.last_error}; {report.pending} waiting"
    remedy = f"check that the endpoint is up and answers 2xx{_replay(report)}"
    return bad(Reason.DELIVERY_FAILING, f"{message}, {report.dead} given up: {remedy}")


def _replay(report: WebhookReport) -> str:
    """How to get back what was given up; empty when nothing was."""
    dropped = (
        f"; {report.dropped} older ones are lost for want of room (spec.deadLetters.limit)" if report.dropped else ""
    )
    return f"; a new text in spec.replay sends what was given up again{dropped}" if report.dead else dropped


def silent(state: State) -> Finding | None:
    """Has nothing been sent yet?"""
    delivered = state.report is not None and state.report.last_success
    return None if delivered else unknown(Reason.NOTHING_SENT, "no event has been sent yet")


def delivering(state: State) -> Finding:
    """The last attempt was a success."""
    report, told = state.report, "the endpoint took the last event"
    if report is not None and report.refused:
        told += f"; {report.refused} that it did not take are tried again"
    if report is not None and report.dead:
        told += f"; {report.dead} were given up{_replay(report)}"
    return good(Reason.DELIVERED, told)


DELIVERING_CHECKS = (suspended, held, unasked, failing, silent, delivering)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one webhook comes to."""

    status: dict[str, Any]
    trouble: Finding | None  # what is wrong with it, if anything
    events: tuple[Occurrence, ...]  # about the webhook itself
    wake: datetime | None  # when its endpoint is tried again, or a signing secret ends


def delivery(hook: Hook, observed: Observed, unloaded: Finding | None, now: datetime) -> Delivery:
    """The status of one webhook, and what is to be told of it."""
    told_by = content_report(observed)
    state = State(hook, unloaded, told_by.webhooks.get(hook.name) if told_by else None)
    findings = {"Ready": first(READY_CHECKS, state), "Delivering": first(DELIVERING_CHECKS, state)}
    old = hook.manifest.get("status") or {}
    if state.report is None and taking_over(observed):
        findings = {condition: _kept(condition, finding, old) for condition, finding in findings.items()}
    trouble = next((finding for finding in findings.values() if finding.status == "False"), None)
    fresh = _status(hook.manifest, findings, state.report, now)
    fresh |= plain(RegistryWebhookStatus(signing=hook.signing.status))
    later = _later(old, fresh, now)
    wake = _moment(state.report.next_attempt) if state.report and _failed(state.report) else now
    told = (*hook.signing.events, *_events(findings["Delivering"], old))
    wakes = [moment for moment in (wake, hook.signing.wake, later) if moment is not None and moment > now]
    return Delivery(dict(old) if later else fresh, trouble, told, min(wakes, default=None))


def _kept(name: str, finding: Finding, old: Mapping[str, Any]) -> Finding:
    """The finding, or what the status has, which was told by the replica that sent the last event."""
    last = standing(name, UNHEARD, old)
    return last if last is not UNHEARD and finding.reason in (Reason.NOTHING_SENT, last.reason) else finding


def _later(old: Mapping[str, Any], fresh: Mapping[str, Any], now: datetime) -> datetime | None:
    """When figures may be written that have changed and nothing else: a busy endpoint is written about now and then."""
    if old == fresh or _told(old) != _told(fresh):
        return None
    newest = max(_moment(old.get("lastSuccess", "")), _moment((old.get("lastError") or {}).get("at", "")))
    return newest + PACE if now - PACE < newest <= now else None


def _told(status: Mapping[str, Any]) -> tuple[Any, ...]:
    """What is written at once: verdicts, losses, and whether there is an error and something waits."""
    verdicts = [(c["type"], c["status"], c["reason"], c["observedGeneration"]) for c in status.get("conditions", ())]
    error = (status.get("lastError") or {}).get("message")
    return (
        verdicts, error, status.get("dead"), status.get("dropped"), bool(status.get("pending")), status.get("signing"),
        status.get("observedGeneration"),
    )  # fmt: skip


def _events(finding: Finding, old: Mapping[str, Any]) -> tuple[Occurrence, ...]:
    """An Event when delivery begins to fail, when it fails for another reason, and when it no longer does."""
    was = before(old, "Delivering")
    failed = was.get("status") == "False"
    if finding.status == "False" and not (failed and was.get("reason") == finding.reason.value):
        return (Occurrence("Warning", finding.reason, f"Delivering: {finding.message}"),)
    if finding.status != "False" and failed:
        return (Occurrence("Normal", finding.reason, f"Delivering: {finding.message}"),)
    return ()


def orphan(webhook: Manifest, now: datetime) -> dict[str, Any] | None:
    """The status of a RegistryWebhook whose Registry is not there; None when it says so already."""
    name = ((webhook.get("spec") or {}).get("registryRef") or {}).get("name", "")
    message = f"no Registry {name!r} in this namespace: create it, or correct spec.registryRef.name"
    missing = bad(Reason.REGISTRY_NOT_FOUND, message)
    fresh = _status(webhook, {"Ready": missing, "Delivering": missing}, None, now)
    return None if fresh == (webhook.get("status") or {}) else fresh


def summed_up(troubles: Mapping[str, Finding | None]) -> Finding:
    """The Registry's condition WebhooksReady, from what is wrong with each webhook."""
    sick = [(name, trouble) for name, trouble in sorted(troubles.items()) if trouble is not None]
    waiting = [trouble for _, trouble in sick if trouble.reason == Reason.CONFIGURATION_PENDING]
    if waiting and len(waiting) == len(sick):
        return waiting[0]
    for name, trouble in sick:
        if trouble.reason != Reason.CONFIGURATION_PENDING:
            more = f"; {len(sick) - 1} more not ready or not delivering" if len(sick) > 1 else ""
            return bad(Reason.WEBHOOK_UNHEALTHY, f"RegistryWebhook {name!r}: {trouble.message}{more}")
    if not troubles:
        return good(Reason.NO_WEBHOOKS, "no RegistryWebhook names this Registry")
    count = len(troubles)
    return good(Reason.WEBHOOKS_HEALTHY, f"{count} webhook{'s' if count != 1 else ''} ready")


def held_by_pause(hook: Hook, configuration: str) -> Finding | None:
    """Whether a paused Registry's configuration, which does not change, lacks this endpoint."""
    if f"- name: {json.dumps(hook.name)}\n" in configuration:
        return None
    return bad(
        Reason.REGISTRY_PAUSED, "the Registry is paused: set its spec.paused to false to have the endpoint added"
    )


def total(troubles: Mapping[str, Finding | None]) -> WebhooksStatus:
    """The Registry's own figures on its webhooks."""
    return WebhooksStatus(total=len(troubles), healthy=sum(trouble is None for trouble in troubles.values()))


def _failed(report: WebhookReport) -> bool:
    """Whether the newest attempt was a failure."""
    return bool(report.last_error) and _moment(report.last_error_at) > _moment(report.last_success)


def _moment(text: str) -> datetime:
    try:
        return timestamp(text)
    except ParseError:  # empty: it never happened
        return datetime.min.replace(tzinfo=UTC)


def _status(
    manifest: Manifest, findings: dict[str, Finding], report: WebhookReport | None, now: datetime
) -> dict[str, Any]:
    old = manifest.get("status") or {}
    generation = int(manifest["metadata"].get("generation", 0))
    figures = {key: old[key] for key in _FIGURES if key in old} if report is None else _figures(report, now)
    fresh = RegistryWebhookStatus(observed_generation=generation, conditions=conditions(findings, old, generation, now))
    return {**plain(fresh), **figures}


def _figures(report: WebhookReport, now: datetime) -> dict[str, Any]:
    error = None
    if _failed(report):
        ahead = _moment(report.next_attempt) > now  # what came of one that is past is in the next report
        error = DeliveryError(
            at=report.last_error_at or None,
            message=report.last_error[:1024],
            next_attempt=report.next_attempt if ahead else None,
        )
    return plain(
        RegistryWebhookStatus(
            delivered=report.delivered,
            pending=report.pending,
            dead=report.dead,
            failed=report.failed,
            refused=report.refused or None,
            dropped=report.dropped or None,
            last_success=report.last_success or None,
            last_error=error,
        )
    )
