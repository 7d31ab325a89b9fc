"""The cache is true again after each fault of a watch, deletions included."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from wharfinger.kube.cache import Key, Store
from wharfinger.kube.informer import Informer, Scope, Timing
from wharfinger.kube.resources import MANAGED_BY, REGISTRY_LABEL, SECRET

QUICK = Timing(silence=5.0, watch=600.0, first_backoff=0.01, last_backoff=0.05)
OURS = Scope(labels=MANAGED_BY)
LABELS = {"app.kubernetes.io/managed-by": "wharfinger", REGISTRY_LABEL: "team"}


def secret(name: str, value: str = "1", **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {**LABELS, **labels}}, "data": {"value": value}}


@pytest.fixture
def told() -> list[Key]:
    return []


@pytest.fixture
def store(told: list[Key]) -> Store:
    return Store(told.append)


@pytest.fixture
async def start(client, store) -> AsyncIterator[Callable[..., Any]]:
    tasks = []

    async def start(scope: Scope = OURS, timing: Timing = QUICK) -> Informer:
        informer = Informer(client, SECRET, store, scope, timing)
        tasks.append(asyncio.create_task(informer.run()))
        async with asyncio.timeout(5):
            await informer.synced.wait()
        return informer

    yield start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def names(store: Store) -> set[str]:
    return {key.name for key in store.objects}


async def test_it_lists_all_at_once_and_then_watches(api, store, start, until) -> None:
    for number in range(1201):
        api.put(SECRET, secret(f"s{number}"))
    await start()
    assert len(store.objects) == 1201
    (call,) = [call for call in api.calls if call.verb == "list"]
    assert "limit" not in call.query, "pages would be read from etcd, which takes long"
    api.put(SECRET, secret("late"))
    await until(lambda: "late" in names(store))


async def test_what_it_keeps_has_its_type_and_no_managed_fields(api, store, start, until) -> None:
    api.put(SECRET, secret("listed"))
    await start()
    await until(lambda: api.watches)
    api.put(SECRET, secret("watched"))
    await until(lambda: len(store.objects) == 2)
    for obj in store.objects.values():
        assert (obj["apiVersion"], obj["kind"]) == ("v1", "Secret")
        assert "managedFields" not in obj["metadata"]


async def test_the_server_selects(api, store, start) -> None:
    api.put(SECRET, secret("ours"))
    api.put(SECRET, {"metadata": {"name": "theirs"}})
    await start()
    assert names(store) == {"ours"}
    assert api.calls[0].query["labelSelector"] == MANAGED_BY
    assert "resourceVersion" not in api.calls[0].query, "a list has to be the newest state, not a cached one"


async def test_a_name_alone_can_be_watched(api, store, start, until) -> None:
    api.put(SECRET, secret("one"))
    api.put(SECRET, secret("two"))
    await start(Scope("ci", fields="metadata.name=two"))
    assert names(store) == {"two"}
    await until(lambda: api.watches)
    api.remove(SECRET, "two")
    await until(lambda: not store.objects)


async def test_a_dropped_watch_goes_on_where_it_was(api, store, start, until) -> None:
    await start()
    await until(lambda: api.watches)
    api.cut()
    await until(lambda: not api.watches)
    api.put(SECRET, secret("meanwhile"))
    await until(lambda: "meanwhile" in names(store))
    assert len(api.seen("list")) == 1


async def test_deletions_while_the_watch_was_down_and_the_history_is_gone_are_seen(
    api, store, told, start, until
) -> None:
    api.put(SECRET, secret("gone"))
    api.put(SECRET, secret("stays"))
    await start()
    await until(lambda: api.watches)
    api.fail("watch", lambda: web.Response(status=500), times=4)
    api.cut()
    await until(lambda: not api.watches)
    api.remove(SECRET, "gone")
    api.compact()
    told.clear()
    await until(lambda: names(store) == {"stays"})
    assert told == [Key("ci", "team")]


async def test_an_expired_watch_is_answered_by_a_list(api, store, start, until) -> None:
    await start()
    await until(lambda: api.watches)
    api.fail("watch", lambda: web.json_response({"message": "expired"}, status=410))
    api.cut()
    await until(lambda: len(api.seen("list")) == 2)
    await until(lambda: api.watches)


async def test_a_silent_watch_is_opened_anew_without_a_word(api, start, until, caplog) -> None:
    informer = await start(timing=Timing(silence=0.05, first_backoff=0.01))
    await until(lambda: len(api.seen("watch")) >= 3)
    assert len(api.seen("list")) == 1
    assert informer.trouble == ""
    assert caplog.records == []


async def test_bookmarks_move_the_place_from_which_a_watch_goes_on(api, start, until) -> None:
    await start()
    await until(lambda: api.watches)
    bookmark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "12345"}}}
    api.watches[0].events.put_nowait(bookmark)
    api.cut()
    await until(lambda: len(api.seen("watch")) == 2)
    assert api.calls[-1].query["resourceVersion"] == "12345"
    assert api.calls[-1].query["allowWatchBookmarks"] == "true"


async def test_our_own_writes_are_not_undone_by_events_from_before_them(api, store, start, until) -> None:
    await start()
    await until(lambda: api.watches)
    store.put({"kind": "Secret", "metadata": {**secret("s")["metadata"], "namespace": "ci", "resourceVersion": "500"}})
    api.put(SECRET, secret("s", "from before"))
    api.put(SECRET, secret("mark"))
    await until(lambda: "mark" in names(store))
    assert "data" not in store.objects[Key("ci", "s")]


async def test_a_missing_resource_type_is_named_with_its_remedy(api, client, store, until, caplog) -> None:
    api.fail("list", lambda: web.json_response({"message": "404"}, status=404), times=3)
    informer = Informer(client, SECRET, store, timing=QUICK)
    task = asyncio.create_task(informer.run())
    await until(lambda: informer.trouble)
    assert "install the custom resource definitions" in informer.trouble
    await until(informer.synced.is_set)
    assert informer.trouble == ""
    assert len(caplog.records) == 1, "said once, not at every try"
    task.cancel()


async def test_after_a_restored_backup_the_old_state_counts(api, store, start, until) -> None:
    api.version = 900
    api.put(SECRET, secret("s", "new"))
    await start()
    await until(lambda: api.watches)
    api.fail("watch", lambda: web.json_response({"message": "Too large resource version"}, status=504))
    api.objects.clear()
    api.history.clear()
    api.version = 10
    api.cut()
    api.put(SECRET, secret("s", "restored"))
    await until(lambda: store.objects[Key("ci", "s")]["data"] == {"value": "restored"})
