"""Watches break, history is compacted, the API server goes away: nothing that happened meanwhile is missed."""

import asyncio
import os
from collections.abc import Callable

import pytest
from aiohttp import web

from integration.api import eventually
from integration.audit import Audit
from integration.installation import USER
from integration.process import Operator
from integration.proxy import Broken, Call, Forward, Proxy, refusal
from integration.tenant import Tenant

AWAY_SECONDS = float(os.environ.get("WHARFINGER_AWAY_SECONDS", "5"))


async def refuse(_: Call, __: Forward) -> web.StreamResponse:
    raise Broken


async def gone(_: Call, __: Forward) -> web.StreamResponse:
    return refusal(410, "too old resource version")


async def back(tenant: Tenant, *children: str) -> None:
    """Wait until children are there (again)."""

    async def probe() -> bool:
        missing = set(children) - set(await tenant.children())
        assert not missing
        return True

    await eventually(f"{children} are there", probe, seconds=60)


async def test_what_was_deleted_while_the_watches_were_down_and_the_history_gone_comes_back(
    tenant: Tenant, start: Callable[..., Operator], proxy: Proxy
) -> None:
    operator = await start(server=proxy.url).ready()
    await tenant.registry()
    await tenant.registry("other")
    await tenant.reaches("True")
    await tenant.reaches("True", "other")
    proxy.watch_fault = refuse
    proxy.cut()
    await tenant.remove("services", "team")
    await tenant.remove("secrets", "team-pull")
    await tenant.remove("registries", "other")
    await asyncio.sleep(1)
    assert await tenant.child("services", "team") is None
    proxy.watch_fault = gone
    await asyncio.sleep(0.5)
    proxy.watch_fault = Proxy.watch_fault
    await back(tenant, "services/team", "secrets/team-pull")
    await tenant.reaches("True")

    async def forgotten() -> bool:
        return await operator.metric('wharfinger_cached_objects{kind="Registry"}') == 1

    await eventually("the deleted Registry is forgotten", forgotten)


@pytest.mark.timeout(120 + AWAY_SECONDS)
async def test_a_registry_made_while_the_api_server_was_away_gets_its_children(
    tenant: Tenant, start: Callable[..., Operator], proxy: Proxy
) -> None:
    operator = await start(server=proxy.url).ready()
    await tenant.registry()
    await tenant.reaches("True")
    await proxy.refuse()
    await tenant.registry("later")
    await tenant.remove("secrets", "team-tls")
    await asyncio.sleep(AWAY_SECONDS)
    assert (await operator.get("/healthz"))[0] == 200, "a restart would not help"
    await proxy.listen()
    await tenant.reaches("True", "later", seconds=60)
    await back(tenant, "secrets/team-tls")
    await tenant.reaches("True")
    assert await tenant.works()


async def test_a_broken_watch_is_taken_up_where_it_was(
    tenant: Tenant, start: Callable[..., Operator], proxy: Proxy, audit: Callable[[], Audit]
) -> None:
    operator = await start(server=proxy.url).ready()
    await tenant.registry()
    await tenant.reaches("True")
    await asyncio.sleep(1)
    asked = audit()
    proxy.cut()
    await eventually("it is ready again", lambda: ready(operator))
    await asyncio.sleep(2)
    asked_for = {call.resource for call in asked.beyond_watches(USER) if call.agent == "wharfinger"}
    assert asked_for == set(), "no list was needed"


async def ready(operator: Operator) -> bool:
    return (await operator.get("/readyz"))[0] == 200
