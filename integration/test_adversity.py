"""What people do at bad moments: rotate too often, or while nothing runs; delete everything; take names twice.

Whatever it is, the password in the Secret is one that works, and what stands in the way is named.
"""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest

from integration.api import CORE, OURS, ApiError, eventually
from integration.nodes import Nodes
from integration.process import Operator
from integration.tenant import Tenant


def rotated(number: int) -> dict[str, object]:
    return {"users": [{"name": "ci", "rotation": str(number)}]}


async def password(tenant: Tenant, user: str = "ci") -> str:
    return (await tenant.secret(f"team-user-{user}")).get("password", "")


async def replaced(tenant: Tenant, old: str) -> bool:
    """Whether the Secret has another password, which works."""
    return await password(tenant) != old and await tenant.works("ci")


async def test_ten_rotations_a_second_end_in_one_password_that_works(
    tenant: Tenant, start: Callable[..., Operator]
) -> None:
    await start().ready()
    await tenant.registry(auth=rotated(0))
    await tenant.reaches("True")
    for number in range(1, 31):
        await tenant.edit(auth=rotated(number))
        if number % 5 == 0:
            assert await tenant.works("ci")
        await asyncio.sleep(0.1)
    await tenant.reaches("True", seconds=60)
    assert await tenant.works("ci")
    held = await tenant.secret("team-user-ci")
    assert "next-password" not in held
    lines = (await tenant.secret("team-htpasswd"))["htpasswd"].splitlines()
    assert len([line for line in lines if line.startswith("ci:") and line.count(":") == 1]) == 1


@pytest.mark.parametrize("spec", [{"paused": True}, {"hibernate": True}, {"replicas": 0}], ids=str)
async def test_a_password_is_replaced_while_nothing_else_changes_or_runs(
    tenant: Tenant, start: Callable[..., Operator], spec: dict[str, Any]
) -> None:
    await start().ready()
    await tenant.registry(auth=rotated(0))
    await tenant.reaches("True")
    old, before = await password(tenant), await tenant.child("deployments", "team")
    await tenant.edit(**spec)
    await tenant.edit(auth=rotated(1))
    await eventually("the password is another, and works", lambda: replaced(tenant, old))
    await tenant.edit(replicas=1, paused=False, hibernate=False)
    await tenant.reaches("True")
    assert await tenant.works("ci")
    after = await tenant.child("deployments", "team")
    assert before is not None
    assert after is not None
    assert after["spec"] == before["spec"]


async def test_while_the_registry_does_not_answer_the_old_password_stays_in_its_secret(
    tenant: Tenant, start: Callable[..., Operator], nodes: Nodes
) -> None:
    await start().ready()
    await tenant.registry(auth=rotated(0))
    await tenant.reaches("True")
    old = await password(tenant)
    nodes.silent.add((tenant.name, "team"))
    await tenant.edit(auth=rotated(1))
    await tenant.says("has not said what it has loaded", kind="CredentialsReady")
    assert await password(tenant) == old
    assert await tenant.works("ci")
    nodes.silent.clear()
    await eventually("the password is another, and works", lambda: replaced(tenant, old), seconds=60)
    await tenant.reaches("True", seconds=60)


async def test_a_renamed_user_is_another_user(tenant: Tenant, start: Callable[..., Operator]) -> None:
    await start().ready()
    await tenant.registry(auth=rotated(0))
    await tenant.reaches("True")
    await tenant.edit(auth={"users": [{"name": "Ci_2"}, {"name": "c.i"}]})
    await tenant.says("2 users can log in", kind="CredentialsReady")
    await tenant.reaches("True")
    assert await tenant.secret("team-user-ci") == {}
    assert await tenant.works("c.i")
    lines = (await tenant.secret("team-htpasswd"))["htpasswd"].splitlines()
    assert {line.partition(":")[0] for line in lines} == {"Ci_2", "c.i", "_pull", "_push"}


async def test_everything_is_deleted_at_once_and_comes_back(tenant: Tenant, start: Callable[..., Operator]) -> None:
    await start().ready()
    await tenant.registry(auth=rotated(0))
    await tenant.reaches("True")
    before = await tenant.children()
    await asyncio.gather(*(tenant.remove(*path.split("/")) for path in before if not path.startswith("persistent")))

    async def back() -> bool:
        now = await tenant.children()
        assert now.keys() == before.keys(), now.keys() ^ before.keys()
        return await tenant.works("ci")

    await eventually("all children are back", back, seconds=60)
    await tenant.reaches("True", seconds=60)


async def test_two_registries_for_the_same_host_both_serve(tenant: Tenant, start: Callable[..., Operator]) -> None:
    await start().ready()
    for name in ("team", "other"):
        await tenant.registry(name, tls={"hosts": ["registry.example.com"]})
    await tenant.reaches("True")
    await tenant.reaches("True", "other")


@pytest.mark.parametrize("name", ["team-user", "team-user-a"])
async def test_a_name_by_which_one_registry_could_have_another_s_secret_is_refused(tenant: Tenant, name: str) -> None:
    with pytest.raises(ApiError, match="could clash with the Secrets of another Registry's users"):
        await tenant.registry(name)  # `team-user-config` would be the password of user `config` of `team`, too
    hook = {
        "apiVersion": "wharfinger.dev/v1",
        "kind": "RegistryWebhook",
        "metadata": {"name": name},
        "spec": {"registryRef": {"name": "team"}, "url": "https://example.com/"},
    }
    with pytest.raises(ApiError, match="could clash with the Secrets of a Registry's users"):
        await tenant.api.create(tenant.path(OURS, "registrywebhooks"), hook)


async def test_a_secret_of_somebody_else_s_is_not_written_over(tenant: Tenant, start: Callable[..., Operator]) -> None:
    await start().ready()
    theirs = {"metadata": {"name": "team-user-ci"}, "stringData": {"password": "theirs"}}
    await tenant.api.create(tenant.path(CORE, "secrets"), theirs)
    await tenant.registry(auth=rotated(0))
    await tenant.says("another Secret named team-user-ci is there already: remove it, or choose another name")
    assert await tenant.secret("team-user-ci") == {"password": "theirs"}
    await tenant.remove("secrets", "team-user-ci")
    await tenant.reaches("True", seconds=60)


async def test_a_claim_of_somebody_else_s_is_left_alone_and_the_way_out_is_told(
    tenant: Tenant, start: Callable[..., Operator]
) -> None:
    await start().ready()
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claims = tenant.path(CORE, "persistentvolumeclaims")
    await tenant.api.create(claims, {"metadata": {"name": "team"}, "spec": spec})
    await tenant.registry(storage={"onDelete": "Delete"})
    await tenant.says("spec.storage.existingClaim", kind="StorageReady")
    claim = await tenant.child("persistentvolumeclaims", "team")
    assert claim is not None
    assert "ownerReferences" not in claim["metadata"]


@pytest.mark.parametrize(("name", "fits"), [("a" * 52, True), ("a" * 53, False), ("a" * 63, False), ("münchen", False)])
async def test_a_name_is_as_long_as_a_service_s_may_be(
    tenant: Tenant, start: Callable[..., Operator], name: str, *, fits: bool
) -> None:
    if not fits:
        with pytest.raises(ApiError, match=re.escape("lowercase") + "|at most 52"):
            await tenant.registry(name)
        return
    await start().ready()
    await tenant.registry(name)
    await tenant.reaches("True", name)
    assert await tenant.works("admin", name)
