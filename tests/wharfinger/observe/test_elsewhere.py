"""Other namespaces are watched, and each change is told to the Registries that it concerns."""

import asyncio
import contextlib

import pytest
from aiohttp import web

from wharfinger.decide.copies import NOTE
from wharfinger.kube.cache import Cache, Key
from wharfinger.kube.informer import Timing
from wharfinger.kube.resources import (
    NAMESPACE,
    REGISTRY,
    SECRET,
    SERVICE_ACCOUNT,
    SOURCE_NAMESPACE,
    SOURCE_REGISTRY,
)
from wharfinger.observe.elsewhere import Lookout

TEAM = Key("ci", "team")
ASKS = {"pullSecrets": {"namespaceSelector": {}, "serviceAccounts": ["default"]}}
QUICK = Timing(first_backoff=0.01, last_backoff=0.02)


def registry(name="team", spec=None):
    metadata = {"namespace": "ci", "name": name, "uid": name, "resourceVersion": "1"}
    return {"apiVersion": REGISTRY.api_version, "kind": REGISTRY.kind, "metadata": metadata, "spec": spec or ASKS}


def copy(namespace="apps", source="ci"):
    labels = {SOURCE_NAMESPACE: source, SOURCE_REGISTRY: "team"}
    return {"metadata": {"namespace": namespace, "name": f"team.{source}-pull", "labels": labels}}


def account(name="default", note=""):
    return {"metadata": {"namespace": "apps", "name": name, "annotations": {NOTE: note}}}


@pytest.fixture
def told():
    return []


@pytest.fixture
async def look(client, told):
    async with contextlib.AsyncExitStack() as stack:

        def look(*registries, namespaces=()):
            cache = Cache(lambda _: None)
            for one in registries:
                cache.put(REGISTRY, one)
            lookout = Lookout(client, cache, told.append, namespaces, QUICK)
            for informer in lookout.informers:
                task = asyncio.create_task(informer.run())
                stack.callback(task.cancel)
            return lookout

        yield look


async def listed(lookout):
    async with asyncio.timeout(5):
        for informer in lookout.informers:
            await informer.synced.wait()


async def test_what_concerns_a_registry_comes_together(api, look):
    api.put(NAMESPACE, {"metadata": {"name": "apps", "namespace": "", "labels": {"team": "a"}}})
    api.put(SECRET, copy())
    api.put(SECRET, {"metadata": {"name": "other"}})
    api.put(SERVICE_ACCOUNT, account())
    lookout = look(registry())
    assert lookout.read(TEAM).reading
    await listed(lookout)
    found = lookout.read(TEAM)
    assert list(found.namespaces) == [("", "apps")]
    assert list(found.copies) == ["apps"]
    assert list(found.accounts) == [("apps", "default")]
    assert (found.reading, found.trouble, dict(found.refused)) == (False, "", {})


async def test_who_asks_for_nothing_sees_only_the_accounts_with_notes(api, look):
    api.put(SERVICE_ACCOUNT, account())
    api.put(SERVICE_ACCOUNT, account("noted", "team.ci-pull"))
    lookout = look()
    await listed(lookout)
    assert list(lookout.read(TEAM).accounts) == [("apps", "noted")]
    assert lookout.concerned() == {TEAM}


async def test_a_change_is_told_to_those_whom_it_concerns(api, look, told, until):
    quiet = registry("quiet", {"pullSecrets": {}})
    lookout = look(registry(), registry("bare", {"pullSecrets": {"namespaceSelector": {}}}), quiet)
    await listed(lookout)
    api.put(NAMESPACE, {"metadata": {"name": "new", "namespace": ""}})
    await until(lambda: set(told) == {TEAM, Key("ci", "bare")})
    told.clear()
    api.put(SERVICE_ACCOUNT, account())
    await until(lambda: told == [TEAM])
    told.clear()
    api.put(SECRET, copy())
    await until(lambda: told == [TEAM])
    told.clear()
    api.remove(SECRET, "team.ci-pull", "apps")
    await until(lambda: told == [TEAM])


async def test_what_another_operator_copied_is_none_of_our_business(api, look, told):
    api.put(SECRET, copy(source="theirs"))
    api.put(SERVICE_ACCOUNT, account(note="team.theirs-pull"))
    lookout = look(namespaces=("ci",))
    await listed(lookout)
    assert lookout.concerned() == set()
    assert told == []


def refuse():
    message = 'User "w" is forbidden: cannot list this resource'
    return web.json_response({"kind": "Status", "code": 403, "reason": "Forbidden", "message": message}, status=403)


async def lose_secrets(api, until, times):
    """Take the right to list Secrets away, for so many tries."""
    await until(lambda: len(api.watches) == 3)
    api.fail("watch", refuse, "secrets")
    api.fail("list", refuse, "secrets", times)
    api.cut()


async def test_a_right_that_is_missing_is_said_and_a_lost_connection_is_not(api, look, until):
    api.fail("list", refuse, "namespaces", times=5)
    lookout = look(registry())
    await until(lambda: "cannot list" in lookout.read(TEAM).trouble)
    await until(lambda: not lookout.read(TEAM).trouble)
    await listed(lookout)
    lookout.informers[0].trouble = "connection reset"
    assert lookout.read(TEAM).trouble == ""


@pytest.mark.parametrize("last", [NAMESPACE, SECRET, SERVICE_ACCOUNT], ids=lambda resource: resource.plural)
async def test_who_asked_before_all_was_listed_is_told_when_it_is(client, told, last):
    """Whatever comes last, and although what was listed concerns nobody."""
    lookout = Lookout(client, Cache(lambda _: None), told.append, (), QUICK)
    gone = Key("ci", "gone")
    assert lookout.read(gone).reading
    async with contextlib.AsyncExitStack() as stack:
        for informer in sorted(lookout.informers, key=lambda informer: informer.resource == last):
            assert told == []
            stack.callback(asyncio.create_task(informer.run()).cancel)
            async with asyncio.timeout(5):
                await informer.synced.wait()
        assert told == [gone]
        assert not lookout.read(gone).reading


async def test_who_was_told_of_trouble_is_told_when_it_is_over(api, look, told, until):
    lookout = look()
    await listed(lookout)
    gone = Key("ci", "gone")
    await lose_secrets(api, until, times=3)
    await until(lambda: lookout.read(gone).trouble)
    await until(lambda: told)
    await until(lambda: not lookout.read(gone).trouble)
    assert set(told) == {gone}


async def test_who_asks_for_copies_is_told_when_a_right_is_taken_away(api, look, told, until):
    lookout = look(registry())
    await listed(lookout)
    told.clear()
    await lose_secrets(api, until, times=1000)
    await until(lambda: told == [TEAM])
    assert lookout.read(TEAM).trouble


async def test_our_own_writes_are_known_at_once(api, look):
    lookout = look(registry())
    await listed(lookout)
    made = copy()
    made["metadata"] |= {"uid": "u", "resourceVersion": "900"}
    lookout.put(SECRET, made)
    assert list(lookout.read(TEAM).copies) == ["apps"]
