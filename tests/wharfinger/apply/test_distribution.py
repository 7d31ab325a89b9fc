"""Copies reach other namespaces; what one refuses keeps nothing from the others."""

import asyncio

import pytest
from aiohttp import web

from wharfinger.apply.applier import Outcome
from wharfinger.apply.distribution import Distributor
from wharfinger.decide.copies import NOTE
from wharfinger.decide.plan import Distribution
from wharfinger.kube.cache import Key
from wharfinger.kube.resources import SECRET, SERVICE_ACCOUNT, SOURCE_NAMESPACE, SOURCE_REGISTRY
from wharfinger.observe.elsewhere import Lookout

TEAM = Key("ci", "team")


def secret(namespace, **more):
    labels = {SOURCE_NAMESPACE: "ci", SOURCE_REGISTRY: "team"}
    metadata = {"namespace": namespace, "name": "team.ci-pull", "labels": labels}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"a": "b"}, **more}


@pytest.fixture
async def lookout(client, cache):
    lookout = Lookout(client, cache, lambda _: None)
    tasks = [asyncio.create_task(informer.run()) for informer in lookout.informers]
    async with asyncio.timeout(5):
        for informer in lookout.informers:
            await informer.synced.wait()
    yield lookout
    for task in tasks:
        task.cancel()


async def carry_out(client, lookout, **plan):
    outcome = Outcome()
    await Distributor(client, lookout).carry_out(TEAM, Distribution(**plan), outcome)
    return outcome


async def test_copies_are_written_and_known_at_once(api, client, lookout):
    outcome = await carry_out(client, lookout, apply=(secret("one"), secret("two")))
    assert (outcome.writes, outcome.failures) == (2, [])
    assert sorted(lookout.read(TEAM).copies) == ["one", "two"]
    assert api.objects["secrets", "one", "team.ci-pull"]["data"] == {"a": "b"}


async def test_a_secret_of_the_same_name_that_is_no_copy_is_left_alone(api, client, lookout):
    metadata = {"namespace": "one", "name": "team.ci-pull", "annotations": {"foreign": ""}}
    api.put(SECRET, {"metadata": metadata})
    outcome = await carry_out(client, lookout, apply=(secret("one"), secret("two")))
    assert sorted(lookout.read(TEAM).copies) == ["two"]
    assert "another Secret named team.ci-pull is there already" in lookout.read(TEAM).refused["one"]
    assert outcome.again == 0.0  # so that the status says so


async def test_a_refusal_is_forgotten_once_it_is_over(api, client, lookout):
    def quota():
        body = {"kind": "Status", "code": 403, "reason": "Forbidden", "message": "exceeded quota: secrets"}
        return web.json_response(body, status=403)

    api.fail("apply", quota, "/one/")
    first = await carry_out(client, lookout, apply=(secret("one"),))
    assert len(first.failures) == 1
    assert "ResourceQuota" in lookout.read(TEAM).refused["one"]
    second = await carry_out(client, lookout, apply=(secret("one"),))
    assert lookout.read(TEAM).refused == {}
    assert second.again == 0.0
    third = await carry_out(client, lookout)
    assert third == Outcome()


async def test_a_namespace_that_is_going_refuses_nothing(api, client, lookout):
    def ending():
        message = "unable to create new content in namespace one because it is being terminated"
        return web.json_response({"kind": "Status", "code": 403, "reason": "Forbidden", "message": message}, status=403)

    api.fail("apply", ending, "/one/")
    await carry_out(client, lookout, apply=(secret("one"),))
    assert lookout.read(TEAM).refused == {}


async def test_a_service_account_is_changed_only_as_it_was_decided_about(api, client, lookout):
    live = api.put(SERVICE_ACCOUNT, {"metadata": {"namespace": "one", "name": "default"}})
    stale = live["metadata"]["resourceVersion"]
    live = api.put(SERVICE_ACCOUNT, {"metadata": {"namespace": "one", "name": "default"}, "imagePullSecrets": []})
    metadata = {"namespace": "one", "name": "default", "annotations": {NOTE: "team.ci-pull"}}
    patch = {"metadata": metadata | {"resourceVersion": stale}, "imagePullSecrets": [{"name": "team.ci-pull"}]}
    outcome = await carry_out(client, lookout, accounts=(patch,))
    assert (outcome.writes, outcome.failures) == (0, [])
    patch["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
    await carry_out(client, lookout, accounts=(patch,))
    assert api.objects["serviceaccounts", "one", "default"]["imagePullSecrets"] == [{"name": "team.ci-pull"}]


async def test_copies_go_and_one_that_is_gone_is_no_failure(api, client, lookout):
    made = api.put(SECRET, secret("one"))
    outcome = await carry_out(client, lookout, delete=(made, made))
    assert (outcome.writes, outcome.failures) == (1, [])
    assert ("secrets", "one", "team.ci-pull") not in api.objects
