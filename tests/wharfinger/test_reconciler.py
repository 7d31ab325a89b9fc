"""A failed reconcile comes again, later each time."""

import asyncio
import datetime as dt
import threading
from typing import Any

import pytest
from aiohttp import web

from wharfinger import cli, metrics, settings
from wharfinger.apply.applier import Applier
from wharfinger.apply.events import Recorder
from wharfinger.decide import settled
from wharfinger.decide.mint import TakesTimeError
from wharfinger.decide.plan import Plan, Reference
from wharfinger.kube.cache import Cache, Key
from wharfinger.kube.queue import WorkQueue
from wharfinger.kube.resources import DEPLOYMENT, POD, REGISTRY, REGISTRY_LABEL, WEBHOOK
from wharfinger.observe.foreign_kinds import ForeignKinds
from wharfinger.observe.observer import Observer, Reading
from wharfinger.observe.pod_events import PodEvents
from wharfinger.observe.poller import Poller
from wharfinger.observe.references import References
from wharfinger.observe.report import Asker
from wharfinger.reconciler import Decisions, Reconciler, Workers, conditions

TEAM = Key("ci", "team")
NOW = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)
DECISIONS = cli.decisions(settings.Settings())


class Operator:
    """Everything but the informers: what is on the server is put into the cache by hand."""

    def __init__(self, client, asker: Asker, decisions: Decisions) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(first_backoff=0.01, last_backoff=0.05)
        self.cache = Cache(self.queue.add)
        self.poller, self.references = Poller(asker, self.queue.add), References(client, self.queue.add)
        self.kinds = ForeignKinds(client, self.cache)
        observer = Observer(self.cache, Reading(self.references, self.kinds), self.poller, PodEvents(client))
        applier = Applier(client, self.cache, Recorder(client, lambda: NOW, "operator-0"), lambda: NOW)
        self.reconciler = Reconciler(self.cache, observer, applier, decisions)
        self.workers = Workers(self.queue, self.reconciler, lambda: NOW)


@pytest.fixture
async def build(client):
    built = []
    async with Asker() as asker:

        def build(decisions: Decisions = DECISIONS) -> Operator:
            built.append(Operator(client, asker, decisions))
            return built[-1]

        yield build
        for operator in built:
            operator.queue.close()
            await operator.poller.close()
            await operator.references.close()


def registry(api, **spec: Any) -> dict[str, Any]:
    return api.put(REGISTRY, {"metadata": {"name": "team", "uid": "u", "generation": 1}, "spec": spec})


async def settle(operator: Operator) -> list[str]:
    """Reconcile until nothing more is written, as the queue would have it."""
    for _ in range(6):
        outcome = await operator.reconciler.reconcile(TEAM, NOW)
        if not outcome.writes and outcome.again != 0.0:
            break
    return sorted(f"{kind} {name}" for kind, name in operator.cache.children(TEAM))


async def test_a_registry_gets_its_children_and_then_nothing_is_asked_or_written(api, build) -> None:
    operator = build()
    operator.cache.put(REGISTRY, registry(api))
    children = await settle(operator)
    assert "Deployment team" in children
    assert "Secret team-user-admin" in children
    asked = len(api.calls)
    outcome = await operator.reconciler.reconcile(TEAM, NOW)
    assert (outcome.writes, outcome.failures) == (0, [])
    assert len(api.calls) == asked


async def test_a_restarted_operator_that_sees_what_is_there_writes_nothing(api, build) -> None:
    first = build()
    first.cache.put(REGISTRY, registry(api))
    await settle(first)
    second = build()
    for resource, store in first.cache.stores.items():
        for obj in store.objects.values():
            second.cache.put(resource, obj)
    api.calls.clear()
    await second.reconciler.reconcile(TEAM, NOW)
    assert api.calls == []


async def test_nothing_is_told_of_a_pod_that_has_not_been_heard_of_yet(api, build, until) -> None:
    operator = build()
    operator.cache.put(REGISTRY, registry(api))
    await settle(operator)
    ready = {"phase": "Running", "podIP": "127.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]}
    pod = {"metadata": {"name": "team-0", "labels": {REGISTRY_LABEL: "team"}}, "status": ready}
    operator.cache.put(POD, api.put(POD, pod))
    asked = len(api.calls)
    await operator.reconciler.reconcile(TEAM, NOW)
    assert len(api.calls) == asked
    await until(lambda: operator.poller.answers(TEAM))
    await operator.reconciler.reconcile(TEAM, NOW)
    assert "pod team-0 has not said what it has loaded" in str(api.objects["registries", "ci", "team"]["status"])


@pytest.mark.parametrize("edited", [False, True], ids=["settled", "edited meanwhile"])
async def test_after_a_start_a_registry_at_rest_waits_for_no_pod_and_one_that_was_edited_has_its_pods_asked_at_once(
    api, build, until, *, edited: bool
) -> None:
    first = build()
    first.cache.put(REGISTRY, registry(api))
    await settle(first)
    api.objects["registries", "ci", "team"]["status"] = {
        "observedGeneration": 2 if edited else 1,
        "conditions": [{"type": "Ready", "status": "True", "reason": "Ready"}],
    }
    api.remove(DEPLOYMENT, "team")
    second = build()
    for plural, resource in {resource.plural: resource for resource in second.cache.stores}.items():
        for (kind, _, _), obj in api.objects.items():
            if kind == plural:
                second.cache.put(resource, obj)
    ready = {"phase": "Running", "podIP": "127.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]}
    pod = {"metadata": {"name": "team-0", "labels": {REGISTRY_LABEL: "team"}}, "status": ready}
    second.cache.put(POD, api.put(POD, pod))
    api.calls.clear()
    await second.reconciler.reconcile(TEAM, NOW)
    assert any("deployments" in call.path for call in api.calls) is not edited
    assert not [call for call in api.calls if call.path.endswith("/status")]
    await until(lambda: second.poller.answers(TEAM))
    await settle(second)
    assert "pod team-0 has not said what it has loaded" in str(api.objects["registries", "ci", "team"]["status"])


def started_again(build, api, decisions: Decisions = DECISIONS) -> Operator:
    """Another operator, that has listed what is there."""
    operator = build(decisions)
    for resource in operator.cache.stores:
        for (plural, _, _), obj in api.objects.items():
            if plural == resource.plural:
                operator.cache.put(resource, obj)
    return operator


@pytest.mark.parametrize("meddled", [False, True], ids=["as it was", "a child was deleted meanwhile"])
async def test_after_a_start_what_is_as_its_note_says_is_not_decided_about_until_its_pods_are_heard(
    api, build, until, *, meddled: bool
) -> None:
    decided: list[Key] = []

    def decide(manifest, observed, now) -> Plan:
        decided.append(TEAM)
        return DECISIONS.reconcile(manifest, observed, now)

    first = build()
    first.cache.put(REGISTRY, registry(api))
    await settle(first)
    ready = {"phase": "Running", "podIP": "127.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]}
    api.put(POD, {"metadata": {"name": "team-0", "labels": {REGISTRY_LABEL: "team"}}, "status": ready})
    stored = api.objects["registries", "ci", "team"]
    observed = await first.reconciler._observer.observe(stored, {})
    told = {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "True", "reason": "Ready"}]}
    stored["status"] = settled.noted(stored, told, settled.versions(observed), None, "this release")
    if meddled:
        api.remove(DEPLOYMENT, "team")
    second = started_again(build, api, Decisions(decide, lambda *_: None, told="this release"))
    api.calls.clear()
    await second.reconciler.reconcile(TEAM, NOW)
    assert bool(decided) is meddled
    assert any("deployments" in call.path for call in api.calls) is meddled
    await until(lambda: second.poller.answers(TEAM))
    await second.reconciler.reconcile(TEAM, NOW)
    assert decided, "its pods have been heard"


async def test_the_note_is_of_the_versions_that_were_written_in_the_same_look(api, build) -> None:
    us = Reference("wharfinger.dev/v1", "Registry", "team")
    told = {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "True"}]}
    child = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "team-x", "namespace": "ci", "labels": {REGISTRY_LABEL: "team"}},
    }
    plan = Plan(apply=(child,), statuses={us: {**told, "url": "https://new"}})
    operator = build(Decisions(lambda *_: plan, lambda *_: None, told="this release"))
    stored = registry(api)
    stored["status"] = told
    operator.cache.put(REGISTRY, stored)
    await operator.reconciler.reconcile(TEAM, NOW)
    status = api.objects["registries", "ci", "team"]["status"]
    observed = await operator.reconciler._observer.observe(stored, {})
    assert settled.versions(observed)
    assert status == settled.noted(stored, status, settled.versions(observed), None, "this release")
    assert status["settled"]["digest"]


async def test_a_registry_that_is_going_is_left_to_kubernetes(api, build) -> None:
    operator = build()
    made = registry(api)
    made["metadata"]["deletionTimestamp"] = "2026-03-01T12:00:00Z"
    operator.cache.put(REGISTRY, made)
    await operator.reconciler.reconcile(TEAM, NOW)
    await operator.reconciler.reconcile(Key("ci", "gone"), NOW)
    assert api.calls == []


async def test_a_webhook_without_its_registry_is_told_so_once(api, build) -> None:
    operator = build()
    spec = {"registryRef": {"name": "team"}, "url": "https://example.com"}
    operator.cache.put(WEBHOOK, api.put(WEBHOOK, {"metadata": {"name": "hook", "generation": 1}, "spec": spec}))
    await operator.reconciler.reconcile(TEAM, NOW)
    assert api.objects["registrywebhooks", "ci", "hook"]["status"]["conditions"][0]["reason"] == "RegistryNotFound"
    asked = len(api.calls)
    await operator.reconciler.reconcile(TEAM, NOW)
    assert len(api.calls) == asked


async def test_a_pod_in_trouble_is_looked_at_again(api, build) -> None:
    operator = build()
    operator.cache.put(REGISTRY, registry(api))
    pod = {"metadata": {"name": "team-0", "labels": {REGISTRY_LABEL: "team"}}, "status": {"phase": "Pending"}}
    operator.cache.put(POD, api.put(POD, pod))
    await settle(operator)
    outcome = await operator.reconciler.reconcile(TEAM, NOW)
    assert outcome.again is not None
    assert outcome.again <= 4.0


async def test_a_refused_child_ends_up_in_the_status(api, build) -> None:
    operator = build()
    operator.cache.put(REGISTRY, registry(api))
    refused = lambda: web.json_response({"message": "exceeded quota: q"}, status=403)  # noqa: E731 - an answer
    api.fail("apply", refused, "persistentvolumeclaims", times=99)
    for _ in range(3):
        await operator.reconciler.reconcile(TEAM, NOW)
    status = str(api.objects["registries", "ci", "team"]["status"])
    assert "exceeded quota: q" in status
    assert "ResourceQuota" in status
    operator.cache.stores[REGISTRY].drop(TEAM, 10_000)
    await operator.reconciler.reconcile(TEAM, NOW)
    assert operator.reconciler._applier.refusals.of(TEAM) == {}, "one of the same name begins afresh"


async def running(operator: Operator, number: int = 2) -> asyncio.Task[None]:
    task = asyncio.create_task(operator.workers.run(number))
    await asyncio.sleep(0)
    return task


async def test_workers_bring_it_about_and_keep_it_so(api, build, until) -> None:
    operator = build()
    task = await running(operator)
    operator.cache.put(REGISTRY, registry(api))
    await until(lambda: ("deployments", "ci", "team") in api.objects)
    await until(lambda: not operator.queue.stuck_for())
    task.cancel()


@pytest.mark.parametrize("result", ["defect", "error"])
async def test_what_goes_wrong_with_one_key_is_tried_again_and_stays_with_it(
    api, build, until, caplog, result: str
) -> None:
    tried: list[str] = []

    def decide(manifest, observed, now) -> Plan:
        tried.append(manifest["metadata"]["name"])
        if manifest["metadata"]["name"] == "team":
            raise KeyError("a defect")
        return Plan()

    operator = build(Decisions(decide, lambda *_: None))
    if result == "error":
        api.fail("list", lambda: web.Response(status=500), "secrets", times=99)
    before = metrics.RECONCILES.values.get((result,), 0)
    task = await running(operator)
    spec = {"tls": {"issuer": "Secret", "secretName": "cert"}} if result == "error" else {}
    operator.cache.put(REGISTRY, registry(api, **spec))
    operator.cache.put(REGISTRY, api.put(REGISTRY, {"metadata": {"name": "fine", "uid": "f"}, "spec": {}}))
    await until(lambda: "fine" in tried)
    if result == "defect":
        await until(lambda: tried.count("team") >= 3)
        assert metrics.RECONCILES.values[(result,)] >= before + 2
        assert "KeyError: 'a defect'" in caplog.text
    task.cancel()


async def test_a_failure_is_logged_when_it_begins_and_when_it_ends(api, build, until, caplog) -> None:
    caplog.set_level("INFO")
    tried: list[int] = []

    def decide(manifest, observed, now) -> Plan:
        tried.append(1)
        if len(tried) < 5:
            raise KeyError("a defect")
        return Plan()

    operator = build(Decisions(decide, lambda *_: None))
    task = await running(operator)
    operator.cache.put(REGISTRY, registry(api))
    await until(lambda: "no longer fails" in caplog.text)
    assert caplog.text.count("reconcile failed") == 1
    task.cancel()


async def test_a_namespace_that_is_going_is_no_warning(api, build, until, caplog) -> None:
    caplog.set_level("INFO")
    answer = {"message": "forbidden: unable to create: namespace ci because it is being terminated"}
    for verb in ("apply", "create"):
        for plural in ("secrets", "serviceaccounts", "services", "persistentvolumeclaims", "configmaps", "events"):
            api.fail(verb, lambda: web.json_response(answer, status=403), plural, times=999)
    operator = build()
    task = await running(operator)
    operator.cache.put(REGISTRY, registry(api))
    await until(lambda: "the namespace is being deleted" in caplog.text)
    assert not [record for record in caplog.records if record.levelname == "WARNING"]
    task.cancel()


async def test_each_change_is_in_one_line_that_says_what_for_whom_and_why(api, build, caplog) -> None:
    caplog.set_level("INFO")
    operator = build()
    operator.cache.put(REGISTRY, registry(api))
    await settle(operator)
    lines = [r for r in caplog.records if r.getMessage().startswith("wrote")]
    made = [line.getMessage() for line in lines if "Service 'team'" in line.getMessage()]
    assert len(made) == 1
    assert made[0].endswith(": missing")
    assert {vars(line)["registry"] for line in lines} == {"team"}


async def test_a_reconcile_that_hangs_is_ended(api, build, until, monkeypatch, caplog) -> None:
    monkeypatch.setattr("wharfinger.reconciler._LONGEST", 0.02)
    operator = build()

    async def hang(key: Key, now: dt.datetime) -> None:
        await asyncio.sleep(30)

    monkeypatch.setattr(operator.reconciler, "reconcile", hang)
    task = await running(operator)
    operator.queue.add(TEAM)
    await until(lambda: "not done within" in caplog.text)
    task.cancel()


async def test_what_takes_long_is_decided_in_a_thread(api, build) -> None:
    threads: list[bool] = []

    def slow(*_: Any) -> Plan:
        threads.append(threading.current_thread() is threading.main_thread())
        return Plan()

    def quick(*_: Any) -> Plan:
        threads.append(threading.current_thread() is threading.main_thread())
        raise TakesTimeError

    operator = build(Decisions(slow, lambda *_: None, quick))
    operator.cache.put(REGISTRY, registry(api))
    await operator.reconciler.reconcile(TEAM, NOW)
    assert threads == [True, False]


def test_registries_are_counted_by_condition() -> None:
    cache = Cache(lambda _: None)
    for name, ready in (("a", "True"), ("b", "True"), ("c", "False")):
        status = {"conditions": [{"type": "Ready", "status": ready}]}
        metadata = {"namespace": "ci", "name": name, "resourceVersion": "3"}
        cache.put(REGISTRY, {"metadata": metadata, "status": status})
    assert conditions(cache) == {("Ready", "True"): 2.0, ("Ready", "False"): 1.0}
