"""Each single call of a reconcile goes wrong in each way that it can; it comes to the same end all the same."""

import asyncio
from collections.abc import Callable

import pytest
from aiohttp import web

from integration.process import Operator
from integration.proxy import Broken, Call, Fault, Forward, Proxy, refusal
from integration.tenant import Tenant

HANGING = 20.0  # longer than the operator waits for an answer


async def before(_: Call, __: Forward) -> web.StreamResponse:
    raise Broken


async def after(_: Call, forward: Forward) -> web.StreamResponse:
    await forward()
    raise Broken


async def hang(_: Call, __: Forward) -> web.StreamResponse:
    await asyncio.sleep(HANGING)
    raise Broken


def answer(status: int, **headers: str) -> Fault:
    async def fault(_: Call, __: Forward) -> web.StreamResponse:
        return refusal(status, **headers)

    return fault


FAULTS: dict[str, Fault] = {
    "the connection breaks before the request": before,
    "the answer is lost": after,
    "no answer comes": hang,
    "409": answer(409),
    "429": answer(429, Retry_After="1"),
    "500": answer(500),
}


async def made(tenant: Tenant) -> tuple[set[str], bool]:
    """What there is, and whether its user can log in."""
    return set(await tenant.children()), await tenant.works()


@pytest.mark.timeout(400)
async def test_one_call_goes_wrong(tenants: Callable[[], Tenant], start: Callable[..., Operator], proxy: Proxy) -> None:
    await start(server=proxy.url, WHARFINGER_WORKERS="64").ready()
    whole = await tenants().create()
    await whole.registry()
    await whole.reaches("True")
    await asyncio.sleep(1)  # the last Event
    calls = proxy.count(whole.name)
    assert calls > 15, "the children alone are thirteen"
    faulty = {tenants(): (fault, number) for fault in FAULTS for number in range(1, calls + 1)}
    due = {tenant.name: case for tenant, case in faulty.items()}

    async def fault(call: Call, forward: Forward) -> web.StreamResponse:
        how, number = due.get(call.namespace, ("", 0))
        return await FAULTS[how](call, forward) if call.number == number else await forward()

    proxy.fault = fault
    await asyncio.gather(*(tenant.create() for tenant in faulty))
    await asyncio.gather(*(tenant.registry() for tenant in faulty))
    await Tenant.all_reach(faulty, seconds=300)
    end = await made(whole)
    found = dict(zip(faulty.values(), await asyncio.gather(*map(made, faulty)), strict=True))
    assert {case: what for case, what in found.items() if what != end} == {}
