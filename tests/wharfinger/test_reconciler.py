"""A failed reconcile comes again, later each time."""

import asyncio
import datetime as dt
import threading
from typing import Any

import pytest
from aiohttp import web
from tests.wharfinger.reconciling import NOW, TEAM, Operator, registry, settle

from wharfinger import metrics
from wharfinger.decide.mint import TakesTimeError
from wharfinger.decide.plan import Plan
from wharfinger.kube.cache import Cache, Key
from wharfinger.kube.resources import POD, REGISTRY, REGISTRY_LABEL, WEBHOOK
from wharfinger.reconciler import Decisions, conditions


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
