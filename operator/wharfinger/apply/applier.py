"""Carries out a Plan on the API server.

Rule: nothing is written for a Registry that is gone, being deleted, or no longer the one decided about; nothing that
exists and is not known to be ours is overwritten by force; each response goes into the cache, so the next look sees
our own writes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec

from wharfinger.apply.events import Recorder, joined
from wharfinger.apply.pace import Pace
from wharfinger.apply.reclaim import reclaim
from wharfinger.apply.refusal import Child, Failure, Refusals
from wharfinger.decide.conditions import before
from wharfinger.decide.deletion_cost import DELETION_COST
from wharfinger.decide.observed import Manifest
from wharfinger.decide.plan import Event, Plan, Reference, Removal
from wharfinger.decide.settled import version
from wharfinger.kube.cache import Cache, Key, key_of, trim
from wharfinger.kube.client import Client
from wharfinger.kube.errors import ConflictError, KubeError, NotFoundError
from wharfinger.kube.resources import POD, SECRET, Resource, resource_of

log = logging.getLogger(__name__)
_SOON = 1.0  # seconds
_HELD_AT_MOST = 3
Note = Callable[[Mapping[str, Any], Mapping[Child, str]], dict[str, Any]]  # adds to a status what was written
REFRESHED = "wharfinger.dev/refreshed-at"  # on a pod: when it changes, the kubelet syncs mounted Secrets at once


@dataclass(slots=True)
class Outcome:
    """What came of a plan. `again` asks for another look in so many seconds."""

    writes: int = 0
    written: dict[Child, str] = field(default_factory=dict)  # the versions of the children that were applied
    failures: list[Failure] = field(default_factory=list)
    again: float | None = None

    def look_again(self, seconds: float) -> None:
        """Ask for another look; the soonest that was asked for counts."""
        self.again = seconds if self.again is None else min(seconds, self.again)


@dataclass(frozen=True, slots=True)
class _Held:
    """How often in a row the status of a Registry that is being made was held back, and what has happened since."""

    times: int = 0
    events: tuple[Event, ...] = ()


class Applier:
    """Carries out plans, one at a time for each Registry."""

    def __init__(self, client: Client, cache: Cache, recorder: Recorder, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._cache = cache
        self._recorder = recorder
        self._clock = clock
        self._pace, self._pace_of_costs = Pace(), Pace()
        self._held: dict[str, _Held] = {}  # what is told of a Registry once it is made, by uid
        self.refusals = Refusals()

    async def carry_out(self, registry: Manifest, plan: Plan, note: Note | None = None) -> Outcome:
        """Remove, mark pods, apply, delete, poke, then write statuses and Events. Failures are collected, never raised.

        `note` is asked what the Registry's status is to say of the versions that were written.
        """
        outcome = Outcome()
        found = not registry.get("status") and bool(self._cache.children(key_of(registry)))
        wanted = plan.apply if self._stands(registry) else ()
        if await reclaim(self._client, self._cache, registry, wanted, outcome.failures):
            outcome.writes += 1
            outcome.look_again(0.0)  # what was decided did not know of these: decide again
            return outcome
        if outcome.failures:  # what is there is not known: nothing is written over it, but it is told
            self._note(registry, plan, (), outcome)
            await self._write_statuses(registry, plan, outcome)
            return outcome
        for removal in plan.remove:  # first: what others added may be why ours would be refused
            await self._remove(registry, removal, outcome)
        for pod, cost in plan.costs.items():  # before a Deployment is given fewer
            await self._annotate(registry, pod, {DELETION_COST: cost}, self._pace_of_costs, outcome)
        await self._apply_all(registry, plan, outcome)
        await self._put_away(registry, plan, outcome)
        if note is not None and not outcome.failures:
            plan = _noted(registry, plan, note, outcome)
        await self._speak(registry, plan, outcome, found=found)
        return outcome

    async def _speak(self, registry: Manifest, plan: Plan, outcome: Outcome, *, found: bool) -> None:
        """Write statuses and Events, or keep them for the next look."""
        uid, new = registry["metadata"]["uid"], not registry.get("status")
        held = self._held.pop(uid, _Held())
        # what did not come about is not told; what is wrong is
        events = tuple(event for event in plan.events if event.type == "Warning" or not outcome.failures)
        if self._premature(registry, plan, outcome, held, found=found):
            self._held[uid] = _Held(held.times + 1, (*held.events, *events) if new else ())
            outcome.look_again(0.0)
            events = () if new else events
        else:
            await self._write_statuses(registry, plan, outcome)
            events = (*joined(held.events), *events)
        for event in events:
            await self._record(registry, event)

    async def write_status(self, obj: Manifest, status: dict[str, Any], outcome: Outcome) -> None:
        """Write the whole status of a Registry or RegistryWebhook, if it differs from what the object has.

        An object that is gone meanwhile is passed over.
        """
        status = msgspec.json.decode(msgspec.json.encode(status))  # as it will come back: tuples are lists
        if status == obj.get("status"):
            return
        namespace, name = key_of(obj)
        resource = resource_of(obj["apiVersion"], obj["kind"])
        body = {
            "apiVersion": obj["apiVersion"],
            "kind": obj["kind"],
            "metadata": {"namespace": namespace, "name": name, "uid": obj["metadata"]["uid"]},
            "status": status,
        }
        with self._cache.stores[resource].awaiting(key_of(obj), status):
            write = self._client.apply(resource, body, subresource="status")
            await self._write(resource, f"{name} (status)", write, outcome)

    def _stands(self, registry: Manifest) -> bool:
        current = self._cache.registry(key_of(registry))
        if current is None or current["metadata"]["uid"] != registry["metadata"]["uid"]:
            return False
        return "deletionTimestamp" not in current["metadata"]

    @staticmethod
    def _premature(registry: Manifest, plan: Plan, outcome: Outcome, held: _Held, *, found: bool) -> bool:
        """Whether a Registry is still being made and more will be known in a moment: one status does for several looks.

        Not for ever, not when there is something to complain of, and not when there was something to take over (`found`
        at the first look), which is told once: whether it was is read from the status.
        """
        calm = not outcome.failures and not any(event.type == "Warning" for event in plan.events)
        making = before(registry.get("status") or {}, "Ready").get("status") != "True"
        taking_over = found and not registry.get("status") and not held.times
        return bool(plan.apply) and calm and making and not taking_over and held.times < _HELD_AT_MOST

    async def _write_statuses(self, registry: Manifest, plan: Plan, outcome: Outcome) -> None:
        for reference, status in plan.statuses.items():
            if (obj := self._object(registry, reference)) is not None:
                await self.write_status(obj, status, outcome)

    def _note(self, registry: Manifest, plan: Plan, written: Iterable[Child], outcome: Outcome) -> None:
        wanted = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in plan.apply]
        if self.refusals.note(key_of(registry), wanted, written, outcome.failures):
            outcome.look_again(0.0)  # the status has to say what was refused, or no longer is

    async def _apply_all(self, registry: Manifest, plan: Plan, outcome: Outcome) -> None:
        written: list[Child] = []
        for manifest in plan.apply:
            if not self._stands(registry):
                break
            child = (manifest["kind"], manifest["metadata"]["name"])
            if await self._apply(key_of(registry), manifest, outcome):
                written.append(child)
            elif manifest["kind"] == SECRET.kind:
                break  # what follows may tell the world about a password that is not there
        _tell_of(registry, plan, written)
        if self._stands(registry):
            self._note(registry, plan, written, outcome)

    async def _apply(self, registry: Key, manifest: Manifest, outcome: Outcome) -> bool:
        name = key_of(manifest).name
        resource = resource_of(manifest["apiVersion"], manifest["kind"])
        known = self._cache.child(registry, resource, name) is not None
        try:
            answer = await self._client.apply(resource, manifest, force=known)
        except KubeError as error:
            outcome.failures.append(Failure(resource.kind, name, error))
            return False
        self._cache.put(resource, answer)
        outcome.written[resource.kind, name] = version(trim(answer, resource))
        outcome.writes += 1
        return True

    async def _delete(self, registry: Manifest, reference: Reference, outcome: Outcome) -> None:
        there = self._object(registry, reference)
        if there is None or "deletionTimestamp" in there["metadata"]:
            return
        resource = resource_of(reference.api_version, reference.kind)
        delete = self._client.delete(resource, *key_of(there), there["metadata"]["uid"])
        if await self._write(resource, reference.name, delete, outcome):
            _tell(registry, "deleted %s %r: it is no longer wanted", reference.kind, reference.name)

    async def _put_away(self, registry: Manifest, plan: Plan, outcome: Outcome) -> None:
        for reference in plan.delete:
            await self._delete(registry, reference, outcome)
        for pod in plan.poke:
            now = self._clock().isoformat(timespec="milliseconds")
            await self._annotate(registry, pod, {REFRESHED: now}, self._pace, outcome)

    async def _remove(self, registry: Manifest, removal: Removal, outcome: Outcome) -> None:
        reference = removal.reference
        if (there := self._object(registry, reference)) is None:
            return
        resource = resource_of(reference.api_version, reference.kind)
        patch = {**removal.patch, "metadata": {"uid": there["metadata"]["uid"]}}
        write = self._client.strategic(resource, *key_of(there), patch)
        if await self._write(resource, reference.name, write, outcome):
            _tell(registry, "removed what others added to %s %r", reference.kind, reference.name)

    async def _annotate(
        self, registry: Manifest, pod: str, annotations: Mapping[str, str | None], pace: Pace, outcome: Outcome
    ) -> None:
        there = self._object(registry, Reference(POD.api_version, POD.kind, pod))
        if there is None:
            return
        if wait := pace.wait(there["metadata"]["uid"], asyncio.get_running_loop().time()):
            outcome.look_again(wait)
            return
        patch = {"metadata": {"uid": there["metadata"]["uid"], "annotations": annotations}}
        await self._write(POD, pod, self._client.merge(POD, *key_of(there), patch), outcome)

    async def _write(self, resource: Resource, name: str, write: Awaitable[Manifest], outcome: Outcome) -> bool:
        """Write, and say whether that succeeded."""
        try:
            answer = await write
        except NotFoundError:
            return False  # gone: the watch will tell
        except ConflictError:
            outcome.look_again(_SOON)  # made again under the same name, or somebody else wrote at the same time
            return False
        except KubeError as error:
            outcome.failures.append(Failure(resource.kind, name, error))
            return False
        outcome.writes += 1
        if answer.get("kind") == resource.kind:  # a deletion may answer with a Status
            self._cache.put(resource, answer)
        return True

    async def _record(self, registry: Manifest, event: Event) -> None:
        if (obj := self._object(registry, event.regarding)) is not None:
            await self._recorder.record(event, obj)

    def _object(self, registry: Manifest, reference: Reference) -> Manifest | None:
        """Return an object of the Registry as the cache has it now, if the Registry still stands."""
        if not self._stands(registry):
            return None
        resource = resource_of(reference.api_version, reference.kind)
        return self._cache.child(key_of(registry), resource, reference.name)


def _noted(registry: Manifest, plan: Plan, note: Note, outcome: Outcome) -> Plan:
    """The plan with the note in the Registry's status, if that is to be written."""
    us = Reference(registry["apiVersion"], registry["kind"], key_of(registry).name)
    if us not in plan.statuses:
        return plan
    return replace(plan, statuses={**plan.statuses, us: note(plan.statuses[us], outcome.written)})


def _tell_of(registry: Manifest, plan: Plan, written: Iterable[Child]) -> None:
    """Log what was written: a line for each reason."""
    by_reason: dict[str, list[str]] = {}
    for kind, name in written:
        by_reason.setdefault(plan.why.get((kind, name), ""), []).append(f"{kind} {name!r}")
    for reason, children in by_reason.items():
        _tell(registry, "wrote %s: %s", ", ".join(children), reason)


def _tell(registry: Manifest, message: str, *values: str) -> None:
    """Log a change that was made, with the Registry that it was made for."""
    namespace, name = key_of(registry)
    log.info(message, *values, extra={"namespace": namespace, "registry": name})
