"""Only what a spec names is read beyond our own."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from wharfinger.kube.cache import Key
from wharfinger.kube.errors import UnreachableError
from wharfinger.kube.informer import Timing
from wharfinger.kube.resources import CLAIM, CONFIG_MAP, SECRET, STORAGE_CLASS
from wharfinger.observe.references import References, referenced

TEAM, OTHER = Key("ci", "team"), Key("ci", "other")
QUICK = Timing(first_backoff=0.01, last_backoff=0.05)


def test_every_object_that_a_spec_names_is_found() -> None:
    registry = {
        "spec": {
            "storage": {"existingClaim": "old"},
            "tls": {"issuer": "Secret", "secretName": "cert", "clientCA": {"configMapName": "ca"}},
            "auth": {"users": [{"name": "a", "passwordFrom": {"secretName": "pw"}}, {"name": "b"}]},
            "pod": {"affinity": {"secretName": "not ours"}},
        },
        "status": {"secretName": "never"},
    }
    webhook = {"spec": {"headersFrom": [{"name": "X", "secretName": "hdr", "key": "k"}]}}
    assert referenced([registry, webhook, {}]) == {
        (CLAIM, "old"),
        (SECRET, "cert"),
        (CONFIG_MAP, "ca"),
        (SECRET, "pw"),
        (SECRET, "hdr"),
    }


@pytest.fixture
def told() -> list[Key]:
    return []


@pytest.fixture
async def references(client, told) -> AsyncIterator[References]:
    references = References(client, told.append, QUICK)
    yield references
    await references.close()


def secret(**data: str) -> dict[str, Any]:
    return {"metadata": {"name": "pw"}, "data": data}


WANTED = frozenset({(SECRET, "pw")})


async def test_a_named_object_is_read_by_its_name_and_no_other_is(api, references) -> None:
    api.put(SECRET, secret(password="cHc="))
    api.put(SECRET, {"metadata": {"name": "private"}})
    found = await references.read(TEAM, WANTED)
    assert found[SECRET, "pw"]["data"] == {"password": "cHc="}
    assert {call.query["fieldSelector"] for call in api.calls} == {"metadata.name=pw"}
    assert {call.path for call in api.calls} == {"/api/v1/namespaces/ci/secrets"}


async def test_a_missing_object_is_told_from_one_that_is_there(references) -> None:
    assert await references.read(TEAM, WANTED) == {(SECRET, "pw"): None}


async def test_reading_again_asks_nobody(api, references, until) -> None:
    await references.read(TEAM, WANTED)
    await until(lambda: api.watches)
    asked = len(api.calls)
    for _ in range(3):
        await references.read(TEAM, WANTED)
    assert len(api.calls) == asked


async def test_an_edit_concerns_everyone_who_names_the_object(api, references, told, until) -> None:
    await references.read(TEAM, WANTED)
    await references.read(OTHER, WANTED)
    await until(lambda: api.watches)
    api.put(SECRET, secret(password="bmV3"))
    await until(lambda: set(told) == {TEAM, OTHER})
    assert (await references.read(TEAM, WANTED))[SECRET, "pw"]["data"] == {"password": "bmV3"}
    assert len(api.seen("watch")) == 1, "one watch serves both"


async def test_a_watch_ends_when_nobody_names_the_object_any_more(api, references, until) -> None:
    await references.read(TEAM, WANTED)
    await references.read(OTHER, WANTED)
    await until(lambda: api.watches)
    references.forget(TEAM)
    assert api.watches
    await references.read(OTHER, frozenset())
    await until(lambda: not references._watches)
    references.forget(Key("ci", "never seen"))


async def test_what_cannot_be_read_is_not_taken_for_missing(api, references, monkeypatch) -> None:
    monkeypatch.setattr("wharfinger.observe.references._FIRST_LIST_SECONDS", 0.2)
    api.fail("list", lambda: web.json_response({"message": "etcd is away"}, status=500), times=100)
    with pytest.raises(UnreachableError, match="etcd is away"):
        await references.read(TEAM, WANTED)


async def test_what_may_not_be_read_is_told_with_the_way_out_until_it_may(api, references, until) -> None:
    api.put(SECRET, secret(password="cHc="))
    api.fail("list", lambda: web.json_response({"message": "secrets is forbidden"}, status=403))
    assert await references.read(TEAM, WANTED) == {(SECRET, "pw"): None}
    told = references.forbidden(TEAM)
    assert set(told) == {("Secret", "pw")}
    assert "secrets is forbidden" in told["Secret", "pw"]
    assert "ClusterRole" in told["Secret", "pw"]
    await until(lambda: not references.forbidden(TEAM))
    assert (await references.read(TEAM, WANTED))[SECRET, "pw"]


async def test_what_belongs_to_no_namespace_is_read_for_all_that_concern_it(api, references, told, until) -> None:
    api.put(STORAGE_CLASS, {"metadata": {"name": "fast", "namespace": ""}})
    wanted = frozenset({(STORAGE_CLASS, "fast"), (STORAGE_CLASS, "none")})
    for registry in (TEAM, Key("elsewhere", "team")):
        found = await references.read(registry, wanted)
        assert found[STORAGE_CLASS, "fast"]["kind"] == "StorageClass"
        assert found[STORAGE_CLASS, "none"] is None
    assert len(api.seen("list")) == 2
    told.clear()
    api.put(STORAGE_CLASS, {"metadata": {"name": "fast", "namespace": ""}, "allowVolumeExpansion": True})
    await until(lambda: sorted(told) == [TEAM, Key("elsewhere", "team")])


async def test_what_an_operator_may_not_see_is_left_out_and_stops_nothing(api, references) -> None:
    api.put(SECRET, secret(password="cHc="))
    forbidden = web.json_response({"kind": "Status", "code": 403, "message": "User cannot list"}, status=403)
    api.fail("list", lambda: forbidden, "storageclasses", times=50)
    found = await references.read(TEAM, frozenset({(STORAGE_CLASS, "fast"), (SECRET, "pw")}))
    assert set(found) == {(SECRET, "pw")}
