"""Somebody meddles: fights for a field, strips labels and owners. Things are put right, and nobody else is held up."""

import asyncio
from collections.abc import Callable

import pytest

from integration.api import eventually
from integration.audit import Audit
from integration.installation import USER
from integration.process import Operator
from integration.tenant import Tenant

SECONDS = 6.0  # longer than a burst lasts


async def test_a_field_manager_that_fights_for_a_field_keeps_neither_it_nor_the_workers(
    tenants: Callable[[], Tenant], start: Callable[..., Operator], audit: Callable[[], Audit]
) -> None:
    fought, other = [await tenants().create() for _ in range(2)]
    await start(WHARFINGER_WORKERS="2").ready()
    await fought.registry()
    await fought.reaches("True")
    seen, writes = audit(), 0
    loop = asyncio.get_running_loop()
    end = loop.time() + SECONDS
    selector = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "team"}, "spec": {"selector": {"a": "b"}}}
    while loop.time() < end:
        await fought.patch("services", "team", selector, "apply")
        writes += 1
        await asyncio.sleep(0.01)
    await other.registry()
    await other.reaches("True")
    ours = [call for call in seen.writes(USER) if call.resource == "services" and call.namespace == fought.name]
    assert len(ours) < 60 + 4 * SECONDS, "the queue lets a key come round at a modest rate"

    async def put_right() -> bool:
        service = await fought.child("services", "team")
        assert service is not None
        return "a" not in service["spec"]["selector"] and service["spec"]["selector"] != {}

    await eventually("the field is ours again", put_right)
    await fought.reaches("True")


@pytest.mark.parametrize(
    ("plural", "name"),
    [("secrets", "team-user-admin"), ("secrets", "team-ca"), ("persistentvolumeclaims", "team"), ("services", "team")],
)
async def test_a_child_that_lost_labels_and_owner_at_once_is_known_by_the_api_servers_record(
    tenant: Tenant, start: Callable[..., Operator], plural: str, name: str
) -> None:
    await start().ready()
    await tenant.registry()
    await tenant.reaches("True")
    before = await tenant.child(plural, name)
    assert before is not None
    labels = dict.fromkeys(before["metadata"]["labels"])
    await tenant.patch(plural, name, {"metadata": {"labels": labels, "ownerReferences": None}})

    async def healed() -> bool:
        now = await tenant.child(plural, name)
        assert now is not None
        for field in ("uid", "labels", "ownerReferences"):
            assert now["metadata"].get(field) == before["metadata"].get(field)
        return bool(now.get("data") == before.get("data"))

    await eventually("it is as it was", healed)
    await tenant.reaches("True")
    assert await tenant.works()
