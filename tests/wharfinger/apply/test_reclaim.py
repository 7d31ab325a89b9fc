"""A child without its labels is known by its owner."""

import pytest
from aiohttp import web
from tests.wharfinger.apply.conftest import LABELS, child

from wharfinger.apply.reclaim import _ours, reclaim
from wharfinger.apply.refusal import Failure
from wharfinger.kube.cache import Key
from wharfinger.kube.resources import DEPLOYMENT, REGISTRY_LABEL, SECRET

TEAM = Key("ci", "team")
WANTED = [child(SECRET, "team-user-admin", data={"password": "bmV3"}), child(DEPLOYMENT, "team")]


@pytest.fixture
def failures() -> list[Failure]:
    return []


async def test_a_secret_that_lost_its_labels_gets_them_back_and_keeps_its_password(
    api, client, cache, registry, failures
) -> None:
    lost = child(SECRET, "team-user-admin", data={"password": "b2xk"})
    lost["metadata"]["labels"] = {}
    api.put(SECRET, lost)
    assert await reclaim(client, cache, registry, WANTED, failures)
    found = cache.child(TEAM, SECRET, "team-user-admin")
    assert found is not None
    assert found["data"] == {"password": "b2xk"}
    assert found["metadata"]["labels"] == LABELS


async def test_what_is_really_missing_is_left_to_be_made(api, client, cache, registry, failures) -> None:
    assert not await reclaim(client, cache, registry, WANTED, failures)
    assert sorted(api.seen("get")) == [
        "get /api/v1/namespaces/ci/secrets/team-user-admin",
        "get /apis/apps/v1/namespaces/ci/deployments/team",
    ]


async def test_a_secret_of_someone_else_is_not_reclaimed(api, client, cache, registry, failures) -> None:
    api.put(SECRET, {"metadata": {"name": "team-user-admin"}, "data": {}})
    assert not await reclaim(client, cache, registry, WANTED, failures)
    assert api.seen("patch") == []


async def test_a_new_registry_costs_no_question(api, client, cache, registry, failures) -> None:
    assert not await reclaim(client, cache, {**registry, "status": {}}, WANTED, failures)
    assert api.calls == []


async def test_what_is_known_costs_no_question(api, client, cache, registry, failures) -> None:
    cache.put(SECRET, api.put(SECRET, WANTED[0]))
    cache.put(DEPLOYMENT, api.put(DEPLOYMENT, WANTED[1]))
    api.calls.clear()
    assert not await reclaim(client, cache, registry, WANTED, failures)
    assert api.calls == []


async def test_not_knowing_is_no_reason_to_overwrite(api, client, cache, registry, failures) -> None:
    api.fail("get", lambda: web.json_response({"message": "no"}, status=403))
    assert not await reclaim(client, cache, registry, WANTED[:1], failures)
    assert [failure.name for failure in failures] == ["team-user-admin"]


async def test_a_deployment_whose_label_names_another_registry_is_ours_by_its_owner(
    api, client, cache, registry, failures
) -> None:
    lost = child(DEPLOYMENT, "team")
    lost["metadata"]["labels"] = {**LABELS, REGISTRY_LABEL: "another"}
    api.put(DEPLOYMENT, lost)
    assert await reclaim(client, cache, registry, WANTED[1:], failures)
    found = cache.child(TEAM, DEPLOYMENT, "team")
    assert found is not None
    assert found["metadata"]["labels"] == LABELS


@pytest.mark.parametrize(
    ("metadata", "ours"),
    [
        ({"managedFields": [{"manager": "wharfinger", "operation": "Apply"}]}, True),
        ({"managedFields": [{"manager": "wharfinger", "operation": "Update"}]}, False),
        ({"managedFields": [{"manager": "wharfinger", "operation": "Apply", "subresource": "status"}]}, False),
        ({"managedFields": [{"manager": "helm", "operation": "Apply"}]}, False),
        (
            {
                "managedFields": [{"manager": "wharfinger", "operation": "Apply"}],
                "ownerReferences": [{"uid": "another", "controller": True}],
            },
            False,
        ),
        (
            {
                "managedFields": [{"manager": "wharfinger", "operation": "Apply"}],
                "labels": {REGISTRY_LABEL: "another"},
            },
            False,
        ),
    ],
    ids=["applied by us", "updated only", "its status only", "applied by others", "another's", "of another Registry"],
)
def test_without_labels_and_owner_the_api_servers_record_tells(registry, metadata, ours: bool) -> None:
    assert _ours({"metadata": {"name": "team-user-admin", **metadata}}, registry) is ours
