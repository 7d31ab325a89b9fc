"""After a start, a Registry at rest costs next to nothing, and one that is not is put right."""

import pytest
from tests.wharfinger.reconciling import DECISIONS, NOW, TEAM, Operator, registry, settle

from wharfinger.decide import settled
from wharfinger.decide.plan import Plan, Reference
from wharfinger.kube.cache import Key
from wharfinger.kube.resources import DEPLOYMENT, POD, REGISTRY, REGISTRY_LABEL
from wharfinger.reconciler import Decisions


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
