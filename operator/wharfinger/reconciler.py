"""One reconcile of one key: observe, decide, apply; and the workers that do it.

Rule: it holds no state of its own between two runs, so any run may be the first; every key can be run again at any
time, and a run in a steady state sends no request. Whatever goes wrong with one key stays with that key.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from wharfinger import metrics
from wharfinger.apply.applier import Applier, Note, Outcome
from wharfinger.apply.distribution import Distributor
from wharfinger.decide import settled
from wharfinger.decide.copies import sweep
from wharfinger.decide.mint import TakesTimeError
from wharfinger.decide.observed import Elsewhere, Manifest, Observed
from wharfinger.decide.plan import Distribution, Plan
from wharfinger.kube.cache import Cache, Key
from wharfinger.kube.errors import KubeError
from wharfinger.kube.queue import WorkQueue
from wharfinger.observe.observer import Observer
from wharfinger.observe.pod_events import condition

log = logging.getLogger(__name__)
_LONGEST = 120.0  # seconds for one reconcile; requests have shorter limits of their own
_ENDING = "the namespace is being deleted: nothing can be written there any more"


@dataclass(frozen=True, slots=True)
class Decisions:
    """The pure half of the operator, as functions."""

    reconcile: Callable[[Manifest, Observed, datetime], Plan]
    orphan: Callable[[Manifest, datetime], Mapping[str, Any] | None]  # status of a webhook without a Registry
    # the same as `reconcile`, at once; raises TakesTimeError where that cannot be
    quick: Callable[[Manifest, Observed, datetime], Plan] | None = None
    told: str = ""  # by whom it is decided: the operator's release, and its settings
    sweep: Callable[[str, str, Elsewhere], Distribution] = sweep  # what is left elsewhere of a Registry that is gone


class Reconciler:
    """Turns keys into a cluster that is as the Registries ask."""

    def __init__(
        self,
        cache: Cache,
        observer: Observer,
        applier: Applier,
        decisions: Decisions,
        distributor: Distributor | None = None,
    ) -> None:
        self._cache = cache
        self._observer = observer
        self._applier = applier
        self._decisions = decisions
        self._distributor = distributor

    async def reconcile(self, key: Key, now: datetime) -> Outcome:
        """Do all there is to do for a key. Raises KubeError when the surroundings cannot be read."""
        registry = self._cache.registry(key)
        if registry is None or "deletionTimestamp" in registry["metadata"]:
            self._observer.forget(key)
            self._applier.refusals.forget(key)
            return await self._orphans(key, now) if registry is None else Outcome()
        unsettled = _unsettled(registry)
        if not self._observer.follow(registry, eager=unsettled) and (unsettled or _edited(registry)):
            self._observer.nudge(key)
            return Outcome()  # what its pods say comes in a moment: until then nothing true could be told of it
        observed = await self._observer.observe(registry, self._applier.refusals.of(key))
        if settled.stands(registry, observed, now, self._decisions.told):
            return Outcome(again=settled.until(registry, now))  # and in a moment its pods are heard
        plan = await self._decide(registry, observed, now)
        outcome = await self._applier.carry_out(registry, plan, self._note(registry, observed, plan, now))
        await self._distribute(key, plan.elsewhere, outcome)
        self._observer.pace(key, eager=_unsettled(self._cache.registry(key) or registry))
        if plan.ask or (outcome.writes and (plan.apply or plan.poke)):
            self._observer.nudge(key)
        waits = (outcome.again, plan.requeue_after, self._observer.pause(key))
        outcome.again = min((wait for wait in waits if wait is not None), default=None)
        return outcome

    def _note(self, registry: Manifest, observed: Observed, plan: Plan, now: datetime) -> Note:
        """Return what adds to a status by what the next operator knows that there is nothing to do."""
        due = None if plan.requeue_after is None else now + timedelta(seconds=plan.requeue_after)

        def note(status: Mapping[str, Any], written: settled.Versions) -> dict[str, Any]:
            known = settled.versions(observed)
            whole = None if known is None else {**known, **written}
            return settled.noted(registry, status, whole, due, self._decisions.told)

        return note

    async def _decide(self, registry: Manifest, observed: Observed, now: datetime) -> Plan:
        """Decide; in a thread only when passwords are hashed: threads that compute hold up the event loop."""
        if self._decisions.quick is not None:
            try:
                return self._decisions.quick(registry, observed, now)
            except TakesTimeError:
                pass
        return await asyncio.to_thread(self._decisions.reconcile, registry, observed, now)

    async def _orphans(self, key: Key, now: datetime) -> Outcome:
        outcome = Outcome()
        for webhook in self._cache.webhooks(key):
            status = self._decisions.orphan(webhook, now)
            if status is not None and "deletionTimestamp" not in webhook["metadata"]:
                await self._applier.write_status(webhook, dict(status), outcome)
        if (elsewhere := self._observer.elsewhere(key)) is not None:
            await self._distribute(key, self._decisions.sweep(key.namespace, key.name, elsewhere), outcome)
        return outcome

    async def _distribute(self, key: Key, plan: Distribution, outcome: Outcome) -> None:
        if self._distributor is not None:
            await self._distributor.carry_out(key, plan, outcome)


def _unsettled(registry: Manifest) -> bool:
    """Whether news of its pods is to be expected; a failing endpoint is tried again and again, each time with news."""
    return condition(registry, "Ready") != "True" or condition(registry, "WebhooksReady") == "False"


def _edited(registry: Manifest) -> bool:
    """Whether its spec is another than the one that its status is about."""
    told = (registry.get("status") or {}).get("observedGeneration")
    return bool(told != registry["metadata"].get("generation"))


class Workers:
    """Takes keys off the queue and reconciles them, several at a time."""

    def __init__(self, queue: WorkQueue[Key], reconciler: Reconciler, clock: Callable[[], datetime]) -> None:
        self._queue = queue
        self._reconciler = reconciler
        self._clock = clock
        self._told: dict[Key, str] = {}  # the failure that was last logged, of each key that fails

    async def run(self, number: int) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            for index in range(number):
                group.create_task(self._work(), name=f"worker {index}")

    async def _work(self) -> None:
        while True:
            key = await self._queue.get()
            try:
                await self._one(key)
            finally:
                self._queue.done(key)

    async def _one(self, key: Key) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        task = asyncio.create_task(self._reconciler.reconcile(key, self._clock()), name=f"reconcile {key}")
        try:
            await asyncio.wait({task}, timeout=_LONGEST)
        finally:
            task.cancel()
        await asyncio.wait({task})
        metrics.RECONCILE_SECONDS.observe(loop.time() - begun)
        self._settle(key, task)

    def _settle(self, key: Key, task: asyncio.Task[Outcome]) -> None:
        """Note how it went and when to look again. What goes wrong is logged when it begins and when it ends."""
        at = {"namespace": key.namespace, "registry": key.name}
        error = None if task.cancelled() else task.exception()
        if task.cancelled():
            result, why = "timeout", f"not done within {_LONGEST:g} s"
        elif isinstance(error, KubeError):
            result, why = "error", str(error)
        elif error is not None:
            result, why = "defect", f"{type(error).__name__}: {error}"
        elif any(failure.ending for failure in task.result().failures):
            result, why = "refused", _ENDING
        elif failures := task.result().failures:
            result, why = "refused" if any(failure.permanent for failure in failures) else "error", failures[0].message
        else:
            result, why = "written" if task.result().writes else "unchanged", ""
        metrics.RECONCILES.inc(result)
        if why:
            delay = self._queue.retry(key)
            # once, not with every try
            level = logging.DEBUG if self._told.get(key) == why else logging.INFO if why == _ENDING else logging.WARNING
            self._told[key] = why
            details = error if result == "defect" else None
            log.log(level, "reconcile failed, again in %.1f s: %s", delay, why, extra=at, exc_info=details)
            return
        self._queue.succeeded(key)
        if self._told.pop(key, None):
            log.info("reconcile no longer fails", extra=at)
        if (again := task.result().again) == 0.0:
            # what is half made is done first, while what it was decided from is at hand
            self._queue.add(key, first=True)
        elif again is not None:
            self._queue.add_after(key, again)


def conditions(cache: Cache, by: str = "status") -> dict[tuple[str, ...], float]:
    """Count the Registries by condition and its status, or another of its fields."""
    counts: dict[tuple[str, ...], float] = {}
    for registry in cache.registries():
        for entry in (registry.get("status") or {}).get("conditions") or ():
            labels = (str(entry.get("type")), str(entry.get(by)))
            counts[labels] = counts.get(labels, 0.0) + 1
    return counts
