"""Joins what every concern decides into one Plan.

Rule: it decides nothing that a concern could decide; it drops writes that would change nothing, and sums up. While a
pod has yet to be asked (the operator has just started) children are kept right, and nothing is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from wharfinger.api import API_VERSION, load
from wharfinger.api.meta import plain
from wharfinger.api.reasons import Reason
from wharfinger.api.registry import Registry
from wharfinger.api.status import Condition, RegistryStatus
from wharfinger.children.owner import Owner
from wharfinger.decide import (
    certificates,
    configuration,
    content,
    deliveries,
    exposure,
    poke,
    rollout,
    settled,
    sharing,
    status,
    storage,
    workload,
)
from wharfinger.decide.changes import changes, held, intrusions, written
from wharfinger.decide.condition import Finding
from wharfinger.decide.conditions import conditions, standing
from wharfinger.decide.deletion_cost import deletion_costs
from wharfinger.decide.desired import Desired, desired, key_of, obsolete
from wharfinger.decide.drift import differences
from wharfinger.decide.foreign import removal
from wharfinger.decide.mint import Mint
from wharfinger.decide.observed import Manifest, Observed, Settings
from wharfinger.decide.outcome import Occurrence
from wharfinger.decide.plan import Event, Plan, Reference, Removal
from wharfinger.decide.replicas import CERTIFICATE, CLIENT_CA, CONFIGURATION, HTPASSWD, sha256, unheard, unloaded
from wharfinger.decide.webhooks import Hook

_Changed = tuple[dict[str, Any], tuple[str, ...]]  # a child, and the paths of what differs
_Added = tuple[dict[str, Any], dict[str, Any]]  # a child, and the patch that removes what others added


def reconcile(manifest: Manifest, observed: Observed, settings: Settings, *, now: datetime, mint: Mint) -> Plan:
    """Decide what to do about one Registry, given as the API server has it.

    One that is being deleted is left to Kubernetes; one that does not fit its schema is told so and left as it is.
    """
    us = Reference(API_VERSION, "Registry", str(manifest["metadata"]["name"]))
    if manifest["metadata"].get("deletionTimestamp"):
        return Plan()
    try:
        registry = load.registry(manifest)
    except load.InvalidError as error:
        return status.invalid(manifest, us, error, now)
    return decide(registry, observed, settings, now=now, mint=mint)


def decide(registry: Registry, observed: Observed, settings: Settings, *, now: datetime, mint: Mint) -> Plan:
    """Decide what to do about one Registry."""
    owner = Owner(registry.metadata.name, registry.metadata.namespace, registry.metadata.uid)
    us = Reference(API_VERSION, "Registry", owner.name)
    wanted = desired(registry, owner, observed, settings, now=now, mint=mint)
    changed, added = _drift(observed, wanted)
    hooks = _webhooks(registry, observed, wanted, now)
    troubles = {hook.name: delivery.trouble for hook, delivery in hooks}
    findings = _findings(registry, owner, observed, wanted, now) | {"WebhooksReady": deliveries.summed_up(troubles)}
    turned = conditions(findings, registry.status, registry.metadata.generation, now)
    fresh = _status(registry, owner, observed, wanted, turned)
    if hooks:
        fresh["webhooks"] = plain(deliveries.total(troubles))
    statuses = {_us(h): d.status for h, d in hooks if d.status != (h.manifest.get("status") or {})}
    if fresh != settled.without_note(registry.status):
        statuses[us] = fresh
    early = unheard(observed)
    turns = () if early else status.events(findings, registry.status)
    occurrences = (*wanted.events, *changes(registry, observed, changed), *intrusions(added), *turns)
    of_hooks = [(_us(hook), hook.signing.events if early else told.events) for hook, told in hooks]
    clients = wanted.configured.clients.pem or None
    texts = (wanted.configured.text, wanted.credited.text, wanted.serving.pem, clients)
    stale = poke.pokes(observed, zip((CONFIGURATION, HTPASSWD, CERTIFICATE, CLIENT_CA), texts, strict=True))
    return Plan(
        apply=tuple(child for child, _ in changed),
        remove=tuple(Removal(Reference(child["apiVersion"], *key_of(child)), patch) for child, patch in added if patch),
        delete=obsolete(registry, observed, wanted),
        statuses={} if early else statuses,
        events=(*_events(us, occurrences), *(event for hook, told in of_hooks for event in _events(hook, told))),
        poke=stale,
        costs=deletion_costs(registry, observed),
        ask=early and bool(statuses or hooks or changed),
        why={key_of(child): written(observed, child, paths) for child, paths in changed},
        elsewhere=wanted.copied.plan,
        requeue_after=_next_look(wanted, stale, findings, now, *(told.wake for _, told in hooks)),
    )


def _us(hook: Hook) -> Reference:
    return Reference(API_VERSION, "RegistryWebhook", hook.name)


def _events(regarding: Reference, occurrences: Iterable[Occurrence]) -> Iterator[Event]:
    return (Event(o.type, o.reason.value, o.message, regarding) for o in occurrences)


def _drift(observed: Observed, wanted: Desired) -> tuple[list[_Changed], list[_Added]]:
    """The children that lack something of ours, and those that have something of others."""
    pairs = [(child, observed.children.get(key_of(child), {})) for child in wanted.children]
    compared = [(child, differences(child, live)) for child, live in pairs]
    added = [(child, removal(child, live)) for child, live in pairs]
    return [(child, paths) for child, paths in compared if paths], [(child, patch) for child, patch in added if patch]


def _webhooks(
    registry: Registry, observed: Observed, wanted: Desired, now: datetime
) -> list[tuple[Hook, deliveries.Delivery]]:
    """Every RegistryWebhook, and what it comes to."""
    behind = unloaded(observed, sharing.running(registry, observed), CONFIGURATION, sha256(wanted.configured.text))
    found = []
    for hook in wanted.hooks:
        held = deliveries.held_by_pause(hook, wanted.configured.text) if registry.spec.paused else None
        found.append((hook, deliveries.delivery(hook, observed, held or behind, now)))
    return found


def _findings(
    registry: Registry, owner: Owner, observed: Observed, wanted: Desired, now: datetime
) -> dict[str, Finding]:
    findings = {
        "StorageReady": wanted.stored.finding,
        "CertificateReady": certificates.finding(registry, observed, wanted.serving, wanted.configured.clients),
        "CredentialsReady": _credentials(wanted),
        "WorkloadReady": rollout.finding(registry, observed, wanted.configured.text, now),
    }
    if (exposed := exposure.finding(registry, observed)) is not None:
        findings["ExposureReady"] = exposed
    findings = {name: standing(name, finding, registry.status) for name, finding in findings.items()}
    url = configuration.url(registry, owner)
    return {"Ready": status.summed_up(registry, findings, url, held(observed, wanted)), **findings}


def _credentials(wanted: Desired) -> Finding:
    """Who cannot log in here comes before what could not be copied elsewhere."""
    found = wanted.credited.finding
    return found if found.status != "True" else wanted.copied.finding or found


def _status(
    registry: Registry, owner: Owner, observed: Observed, wanted: Desired, findings: tuple[Condition, ...]
) -> dict[str, Any]:
    fresh = RegistryStatus(
        observed_generation=registry.metadata.generation,
        url=configuration.url(registry, owner),
        node_port=workload.node_port(registry, observed),
        image=wanted.image,
        active_pod=sharing.active_pod(registry, observed),
        user_count=len(wanted.credited.users),
        conditions=findings,
        users=wanted.credited.users,
        robots=wanted.credited.robots,
        pull_secret_copies=wanted.copied.count,
        certificate=certificates.status(registry, owner, wanted.serving),
        exposure=exposure.status(registry, owner),
        storage=storage.status(registry, observed, wanted.stored),
        garbage_collection=content.status(registry, observed),
    )
    return plain(fresh)


def _next_look(
    wanted: Desired, stale: tuple[str, ...], findings: Mapping[str, Finding], now: datetime, *wakes: datetime | None
) -> float | None:
    moments = [moment for moment in (wanted.serving.wake, wanted.credited.wake, *wakes) if moment is not None]
    waits = [max(1.0, (moment - now).total_seconds()) for moment in moments]
    if stale:
        waits.append(poke.AGAIN)
    if findings["WorkloadReady"].reason == Reason.POD_STARTING:
        waits.append(rollout.GRACE.total_seconds())
    return min(waits, default=None)
