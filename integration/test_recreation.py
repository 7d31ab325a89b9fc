"""A Registry is deleted and made again, a namespace ends, a clock jumps: nothing is lost, and nothing is left over."""

import asyncio
from collections.abc import Callable

import pytest

from integration.api import CORE, Object, eventually
from integration.process import Operator
from integration.tenant import Tenant

DAY = 86400.0


async def collect(tenant: Tenant, uid: str) -> None:
    """Delete what an owner that is gone left behind, as Kubernetes' garbage collector does."""
    for path, child in (await tenant.children()).items():
        owners = child["metadata"].get("ownerReferences", [])
        if owners and all(owner["uid"] == uid for owner in owners):
            await tenant.remove(*path.split("/"))


async def owners(tenant: Tenant) -> set[str]:
    return {
        owner["uid"]
        for child in (await tenant.children()).values()
        for owner in child["metadata"].get("ownerReferences", [])
    }


@pytest.mark.parametrize("down", [False, True], ids=["the operator sees it", "the operator is down"])
@pytest.mark.parametrize("late", [False, True], ids=["collected before", "collected after"])
async def test_a_registry_of_the_same_name_takes_its_place(
    tenant: Tenant, start: Callable[..., Operator], *, down: bool, late: bool
) -> None:
    operator = await start().ready()
    old: Object = await tenant.registry()
    await tenant.reaches("True")
    claim = await tenant.child("persistentvolumeclaims", "team")
    assert claim is not None
    if down:
        operator.kill()
    await tenant.remove("registries", "team")
    if not late:
        await collect(tenant, old["metadata"]["uid"])
    new = await tenant.registry()
    if down:
        await start().ready()
    if late:
        await asyncio.sleep(0.5)
        await collect(tenant, old["metadata"]["uid"])
    await tenant.reaches("True")

    async def ours() -> bool:
        assert new["metadata"]["uid"] in await owners(tenant)
        return await tenant.works()

    await eventually("its children belong to the new one", ours)
    kept = await tenant.child("persistentvolumeclaims", "team")
    assert kept is not None
    assert kept["metadata"]["uid"] == claim["metadata"]["uid"], "the claim is taken up again"


async def test_a_namespace_that_is_going_gets_nothing_new_and_troubles_nobody(
    tenants: Callable[[], Tenant], start: Callable[..., Operator]
) -> None:
    going, staying = [await tenants().create() for _ in range(2)]
    operator = await start().ready()
    await going.registry()
    await going.reaches("True")
    await going.api.request("DELETE", f"{CORE}/namespaces/{going.name}")
    await going.remove("secrets", "team-pull")
    await staying.registry()
    await staying.reaches("True")
    await eventually("it is said once", lambda: said(operator, "the namespace is being deleted"))
    warnings = [line["message"] for line in operator.lines() if line["level"] == "warning"]
    assert warnings == []
    assert await going.child("persistentvolumeclaims", "team")


async def said(operator: Operator, text: str) -> bool:
    return operator.said(text)


@pytest.mark.parametrize("step", [-DAY, DAY, 40 * DAY], ids=["a day back", "a day ahead", "forty days ahead"])
async def test_a_clock_that_jumps_ends_no_password(tenant: Tenant, start: Callable[..., Operator], step: float) -> None:
    operator = await start().ready()
    await tenant.registry(auth={"users": [{"name": "a", "rotation": "1"}]})
    await tenant.reaches("True")
    operator.step.value = step
    await tenant.edit(auth={"users": [{"name": "a", "rotation": "2"}]})
    before = (await tenant.secret("team-user-a"))["password"]

    async def rotated() -> bool:
        assert await tenant.works("a")
        return (await tenant.secret("team-user-a"))["password"] != before

    await eventually("the password is another one", rotated)
    operator.step.value = 0.0
    await tenant.edit(auth={"users": [{"name": "a", "rotation": "3"}]})
    await tenant.reaches("True")
    assert await tenant.works("a")
    assert operator.alive
