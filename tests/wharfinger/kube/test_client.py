"""Every request ends: answered, refused or timed out, and repeated where that helps."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from kubernetes.aio.client import Configuration

from wharfinger.kube.client import Client, credentials, load_configuration
from wharfinger.kube.errors import (
    BusyError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    OwnedError,
    UnreachableError,
)
from wharfinger.kube.resources import REGISTRY, SECRET

SECRET_S: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"namespace": "ci", "name": "s"},
    "data": {"a": "MQ=="},
}


async def test_apply_is_server_side_in_our_name(api, client) -> None:
    answer = await client.apply(SECRET, SECRET_S)
    assert answer["metadata"]["uid"]
    call = api.calls[-1]
    assert str(call) == "apply /api/v1/namespaces/ci/secrets/s"
    assert call.query == {"fieldManager": "wharfinger", "force": "true"}


async def test_an_overloaded_server_is_asked_again_when_it_says(api, client) -> None:
    api.fail("get", lambda: web.Response(status=429, headers={"Retry-After": "0"}), times=2)
    api.put(SECRET, SECRET_S)
    assert (await client.get(SECRET, "ci", "s"))["data"] == {"a": "MQ=="}
    assert len(api.seen("get")) == 3


async def test_a_server_that_asks_for_a_pause_gets_it(api, client) -> None:
    api.put(SECRET, SECRET_S)
    api.fail("get", lambda: web.Response(status=503, headers={"Retry-After": "9"}))
    begun = asyncio.get_running_loop().time()
    await client.get(SECRET, "ci", "s")
    assert asyncio.get_running_loop().time() - begun >= 0.5  # no longer than a request may take


async def test_a_server_that_goes_on_failing_is_given_up_for_now(api, client) -> None:
    api.fail("get", lambda: web.Response(status=500, text="<html>"), times=9)
    with pytest.raises(BusyError, match="HTTP 500"):
        await client.get(SECRET, "ci", "s")
    assert len(api.seen("get")) == 4


async def test_a_hung_connection_ends_at_the_timeout(api, configuration) -> None:
    async def hang() -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    api.fail("get", hang, times=9)
    async with Client(configuration, timeout=0.05, backoff=0.001) as client:
        with pytest.raises(UnreachableError, match="get /api/v1/namespaces/ci/secrets/s"):
            await client.get(SECRET, "ci", "s")


async def test_a_refused_connection_is_an_error_of_ours(unused_tcp_port: int) -> None:
    async with Client(Configuration(host=f"http://127.0.0.1:{unused_tcp_port}"), backoff=0.001) as client:
        with pytest.raises(UnreachableError):
            await client.get(SECRET, "ci", "s")


async def test_a_body_that_is_cut_off_is_asked_for_again(api, client) -> None:
    api.put(SECRET, SECRET_S)
    api.fail("get", lambda: web.Response(text='{"kind": "Sec', content_type="application/json"))
    assert (await client.get(SECRET, "ci", "s"))["kind"] == "Secret"


async def test_refusals_are_not_repeated(api, client) -> None:
    api.fail("apply", lambda: web.json_response({"message": "exceeded quota: q"}, status=403))
    with pytest.raises(ForbiddenError, match="exceeded quota"):
        await client.apply(SECRET, SECRET_S)
    with pytest.raises(NotFoundError):
        await client.get(SECRET, "ci", "absent")
    assert len(api.calls) == 2


async def test_fields_of_others_are_taken_by_force_only(api, client) -> None:
    api.put(SECRET, {"metadata": {"name": "s", "annotations": {"foreign": ""}}})
    with pytest.raises(OwnedError):
        await client.apply(SECRET, SECRET_S, force=False)
    await client.apply(SECRET, SECRET_S)


async def test_only_the_very_object_is_deleted(api, client) -> None:
    uid = api.put(SECRET, SECRET_S)["metadata"]["uid"]
    with pytest.raises(ConflictError):
        await client.delete(SECRET, "ci", "s", "another")
    await client.delete(SECRET, "ci", "s", uid)
    assert api.objects == {}


async def test_a_name_that_is_taken_is_not_created_again(api, client) -> None:
    await client.create(SECRET, SECRET_S)
    with pytest.raises(ConflictError):
        await client.create(SECRET, SECRET_S)
    merged = await client.merge(SECRET, "ci", "s", {"data": {"b": "Mg=="}})
    assert merged["data"] == {"a": "MQ==", "b": "Mg=="}


async def test_a_watch_gives_events_until_the_server_ends_it(api, client) -> None:
    async with client.watch(SECRET.path(), {"resourceVersion": "100"}, 5) as events:
        api.put(SECRET, SECRET_S)
        first = await anext(events)
        api.remove(SECRET, "s")
        api.cut()
        rest = [event async for event in events]
    assert [first["type"], *(event["type"] for event in rest)] == ["ADDED", "DELETED"]


async def test_a_silent_watch_ends_without_an_error(client) -> None:
    async with client.watch(SECRET.path(), {"resourceVersion": "100"}, 0.05) as events:
        assert [event async for event in events] == []


async def test_a_watch_that_breaks_in_the_middle_is_an_error(api, client) -> None:
    api.fail("watch", lambda: web.Response(text='{"type": "ADDED", "obj\n'))
    with pytest.raises(UnreachableError, match="watch /api/v1/secrets"):
        async with client.watch(SECRET.path(), {"resourceVersion": "100"}, 5) as events:
            await anext(events)


async def test_a_watch_that_cannot_be_opened_says_why(api, client) -> None:
    api.fail("watch", lambda: web.json_response({"message": "who?"}, status=401))
    with pytest.raises(Exception, match=r"who\?"):
        async with client.watch(REGISTRY.path(), {"resourceVersion": "1"}, 5):
            pass


async def test_the_configuration_comes_from_a_kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    file = tmp_path / "config"
    file.write_text(
        "{apiVersion: v1, kind: Config, current-context: x, contexts: [{name: x, context: {cluster: c, user: u}}],"
        " clusters: [{name: c, cluster: {server: 'https://127.0.0.1:6443'}}], users: [{name: u, user: {token: t}}]}"
    )
    configuration = await load_configuration(str(file))
    assert configuration.host == "https://127.0.0.1:6443"
    assert await credentials(configuration) == {"authorization": "Bearer t"}


async def test_a_token_goes_with_every_request(api) -> None:
    configuration = Configuration(host=api.url, api_key={"BearerToken": "Bearer t"})
    api.put(SECRET, SECRET_S)
    async with Client(configuration) as client:
        await client.get(SECRET, "ci", "s")
    assert api.calls[-1].authorization == "Bearer t"
