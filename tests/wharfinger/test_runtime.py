"""The whole process starts, works and stops."""

import asyncio
import dataclasses
import os
import signal
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from kubernetes.aio.client import Configuration

from wharfinger import cli, runtime
from wharfinger.kube.cache import Cache, Key
from wharfinger.kube.resources import CHILDREN, REGISTRY, SECRET, WATCHED
from wharfinger.settings import Settings

TEAM = {"metadata": {"name": "team", "uid": "u", "generation": 1}, "spec": {}}


@pytest.fixture
def found(api, tmp_path: Path, unused_tcp_port: int, monkeypatch) -> Settings:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setattr(runtime, "kopf_runner", lambda door, namespaces: lambda stop: stop.wait(30))
    file = tmp_path / "config"
    file.write_text(
        "{apiVersion: v1, kind: Config, current-context: x, contexts: [{name: x, context: {cluster: c, user: u}}],"
        f" clusters: [{{name: c, cluster: {{server: '{api.url}'}}}}], users: [{{name: u, user: {{token: t}}}}]}}"
    )
    return Settings(kubeconfig=str(file), address="127.0.0.1", port=unused_tcp_port, workers=2)


async def test_the_operator_runs_heals_answers_and_stops_on_sigterm(api, found, until) -> None:
    task = asyncio.create_task(runtime.run(found, cli.decisions(found)))
    await until(lambda: len(api.watches) == len(WATCHED))
    api.put(REGISTRY, TEAM)
    await until(lambda: ("deployments", "ci", "team") in api.objects)
    before = api.objects["secrets", "ci", "team-tls"]["metadata"]["uid"]
    api.remove(SECRET, "team-tls")
    await until(
        lambda: api.objects.get(("secrets", "ci", "team-tls"), {}).get("metadata", {}).get("uid") not in (None, before)
    )
    await until(lambda: "status" in api.objects["registries", "ci", "team"])
    async with aiohttp.ClientSession(f"http://127.0.0.1:{found.port}") as http:
        for path in ("/healthz", "/readyz"):
            async with http.get(path) as response:
                assert await response.text() == "ok\n"
        async with http.get("/metrics") as response:
            text = await response.text()
            assert 'wharfinger_cached_objects{kind="Registry"} 1' in text
            assert "wharfinger_queue_depth 0" in text
            assert 'wharfinger_registry_conditions{type="Ready",status="False"} 1' in text
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(5):
        await task
    assert not api.watches


async def test_kopf_begins_once_what_there_was_has_been_looked_at(api, found, until, monkeypatch) -> None:
    begun = []

    def runner(*_):
        return lambda stop: (begun.append("deployments" in str(api.objects)), stop.wait(30))

    monkeypatch.setattr(runtime, "kopf_runner", runner)
    api.put(REGISTRY, TEAM)
    task = asyncio.create_task(runtime.run(found, cli.decisions(found)))
    await until(lambda: begun)
    task.cancel()
    await task
    assert begun == [True]


async def test_kopf_begins_in_an_operator_that_stands_by(api, found, until, monkeypatch) -> None:
    begun = []
    monkeypatch.setattr(runtime, "kopf_runner", lambda *_: lambda stop: (begun.append(True), stop.wait(30)))
    monkeypatch.setattr(runtime, "_FIRST_LOOKS_SECONDS", 0.2)
    api.fail("list", lambda: web.Response(status=503), "secrets", times=999)
    task = asyncio.create_task(runtime.run(found, cli.decisions(found)))
    await until(lambda: begun)
    task.cancel()
    await task


async def test_no_work_begins_before_everything_is_listed(api, found, until) -> None:
    gate = asyncio.Event()

    async def wait():
        await gate.wait()
        return web.json_response({"metadata": {"resourceVersion": "1"}, "items": []})

    api.put(REGISTRY, TEAM)
    api.fail("list", wait, "/api/v1/secrets")
    task = asyncio.create_task(runtime.run(found, cli.decisions(found)))
    await until(lambda: len(api.watches) == len(WATCHED) - 1)
    await asyncio.sleep(0.05)
    assert api.seen("apply") == [], "a Secret that has not been listed is not a Secret that is missing"
    gate.set()
    await until(lambda: api.seen("apply"))
    task.cancel()
    await task


async def test_of_two_operators_one_works_and_the_other_takes_over(api, found, until, unused_tcp_port_factory) -> None:
    tasks = {}
    for name in ("a", "b"):
        told = dataclasses.replace(found, lease_namespace="ci", instance=name, port=unused_tcp_port_factory())
        tasks[name] = asyncio.create_task(runtime.run(told, cli.decisions(told)))
    lease = ("leases", "ci", "wharfinger")
    await until(lambda: lease in api.objects)
    holder = api.objects[lease]["spec"]["holderIdentity"]
    await until(lambda: len(api.watches) == 2 * len(WATCHED))
    api.put(REGISTRY, TEAM)
    await until(lambda: ("deployments", "ci", "team") in api.objects)
    tasks.pop(holder).cancel()
    ((other, task),) = tasks.items()
    await until(lambda: api.objects[lease]["spec"]["holderIdentity"] == other)
    api.remove(SECRET, "team-tls")
    await until(lambda: ("secrets", "ci", "team-tls") in api.objects)
    task.cancel()
    await task


async def test_in_some_namespaces_only_these_are_watched(client) -> None:
    cache = Cache(lambda _: None)
    watching = runtime.informers(client, cache, ("a", "b"))
    assert len(watching) == 2 * len(WATCHED)
    assert {informer.scope.namespace for informer in watching} == {"a", "b"}
    labelled = {informer.resource for informer in watching if informer.scope.labels}
    assert set(CHILDREN) < labelled
    assert REGISTRY not in labelled


def test_what_kopf_saw_goes_into_the_cache_unless_it_is_known() -> None:
    told: list[Key] = []
    cache = Cache(told.append)
    obj = {**TEAM, "metadata": {**TEAM["metadata"], "namespace": "ci", "resourceVersion": "7", "managedFields": []}}
    for kind in (None, "MODIFIED"):
        runtime.take(cache, REGISTRY, {"type": kind, "object": obj})
    assert told == [Key("ci", "team")]
    runtime.take(cache, REGISTRY, {"type": "DELETED", "object": obj})
    assert cache.registry(Key("ci", "team")) is None
    assert len(told) == 2


async def test_kopf_gets_the_operators_credentials() -> None:
    configuration = Configuration(host="https://x:6443", api_key={"BearerToken": "Bearer t"}, ssl_ca_cert="/ca")
    connection = await runtime.connection(configuration)
    assert (connection.server, connection.scheme, connection.token) == ("https://x:6443", "Bearer", "t")
    assert connection.ca_path == "/ca"
