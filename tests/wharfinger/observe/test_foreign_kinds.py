"""What others bring to a cluster is watched only where it is asked for and there."""

from typing import Any

import pytest

from wharfinger.kube.cache import Cache, Key
from wharfinger.kube.informer import Timing
from wharfinger.kube.resources import BACKEND_TLS_POLICY, CERTIFICATE, HTTP_ROUTE, REGISTRY_LABEL
from wharfinger.observe.foreign_kinds import ForeignKinds, asked, served

TEAM, OTHER = Key("ci", "team"), Key("ci", "other")
QUICK = Timing(first_backoff=0.01, last_backoff=0.05)
BOTH = frozenset({HTTP_ROUTE, BACKEND_TLS_POLICY})


@pytest.mark.parametrize(
    ("registry", "kinds"),
    [
        ({}, frozenset()),
        ({"spec": {"tls": {"issuer": "CertManager"}}}, {CERTIFICATE}),
        ({"status": {"certificate": {"issuer": "CertManager"}}}, {CERTIFICATE}),
        ({"spec": {"gateway": {"parentRefs": []}}}, BOTH),
        ({"status": {"exposure": {"httpRouteName": "team"}}}, BOTH),
        ({"spec": {"tls": "odd", "gateway": None}, "status": {"certificate": None}}, frozenset()),
    ],
)
def test_a_registry_asks_by_its_spec_or_has_asked_by_its_status(registry: dict[str, Any], kinds: Any) -> None:
    assert asked(registry) == kinds


@pytest.mark.parametrize(
    ("versions", "known"),
    [
        ([{"name": "v1", "served": True}], True),
        ([{"name": "v1alpha3", "served": True}, {"name": "v1", "served": False}], False),
        ([], False),
        (None, False),
    ],
)
def test_a_kind_is_there_when_our_version_of_it_is_served(versions: Any, known: bool) -> None:
    assert served({"spec": {"versions": versions}}, CERTIFICATE) is known
    assert not served(None, CERTIFICATE)


@pytest.fixture
def told() -> list[Key]:
    return []


@pytest.fixture
def cache(told) -> Cache:
    return Cache(told.append)


@pytest.fixture
async def kinds(client, cache):
    kinds = ForeignKinds(client, cache, (), QUICK)
    yield kinds
    await kinds.close()


def route(**more: Any) -> dict[str, Any]:
    labels = {"app.kubernetes.io/managed-by": "wharfinger", REGISTRY_LABEL: "team"}
    return {"metadata": {"name": "team", "labels": labels}, **more}


async def test_a_kind_that_is_there_fills_the_cache_and_tells_of_changes(api, cache, kinds, told, until) -> None:
    api.put(HTTP_ROUTE, route())
    await kinds.follow(TEAM, BOTH, BOTH)
    assert ("HTTPRoute", "team") in cache.children(TEAM)
    told.clear()
    await until(lambda: api.watches)
    api.put(HTTP_ROUTE, route(status={"parents": []}))
    await until(lambda: told == [TEAM])


async def test_a_kind_that_is_not_there_is_never_asked_for(api, kinds) -> None:
    await kinds.follow(TEAM, BOTH, frozenset())
    assert api.calls == []


async def test_two_registries_share_a_watch_which_ends_with_the_last_of_them(api, cache, kinds, until) -> None:
    api.put(HTTP_ROUTE, route())
    for registry in (TEAM, OTHER):
        await kinds.follow(registry, frozenset({HTTP_ROUTE}), BOTH)
    assert len(api.seen("list")) == 1
    kinds.forget(TEAM)
    await until(lambda: len(api.watches) == 1)
    await kinds.follow(OTHER, frozenset(), frozenset())
    await until(lambda: not api.watches)
    assert cache.children(TEAM) == {}


async def test_a_definition_that_goes_takes_its_objects_out_of_the_cache(api, cache, kinds, until) -> None:
    api.put(HTTP_ROUTE, route())
    await kinds.follow(TEAM, BOTH, BOTH)
    await until(lambda: len(api.watches) == 2)
    await kinds.follow(TEAM, BOTH, frozenset())
    assert cache.children(TEAM) == {}
    await until(lambda: not api.watches)
    await kinds.follow(TEAM, BOTH, BOTH)
    assert ("HTTPRoute", "team") in cache.children(TEAM)
