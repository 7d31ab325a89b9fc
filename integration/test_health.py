"""/healthz of the real program: it fails for what a restart would mend, for nothing else, and not for longer."""

import asyncio
from collections.abc import Callable

from aiohttp import web

from integration.api import eventually
from integration.process import Operator
from integration.proxy import Broken, Call, Forward, Proxy, pass_on
from integration.tenant import Tenant


async def says(operator: Operator, path: str, code: int, text: str = "") -> bool:
    found = await operator.get(path)
    assert found[0] == code, found
    assert text in found[1], found
    return True


async def hang(_: Call, __: Forward) -> web.StreamResponse:
    await asyncio.sleep(3600)
    raise Broken


async def alive_and_says_nothing(call: Call, _: Forward) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Type": "application/json"})
    await answer.prepare(call.request)
    while True:
        await answer.write(b" ")  # a byte now and then, so that no limit of the connection is reached
        await asyncio.sleep(0.2)


async def test_a_watch_that_hangs_is_opened_anew_and_is_no_reason_for_a_restart(
    tenant: Tenant, start: Callable[..., Operator], proxy: Proxy
) -> None:
    operator = await start(server=proxy.url, limits={"silence": 1.0, "_TROUBLED": 1.0}).ready()
    proxy.watch_fault = hang
    proxy.cut()
    await eventually("it is not ready", lambda: says(operator, "/readyz", 503))
    assert await says(operator, "/healthz", 200)
    proxy.watch_fault = pass_on
    proxy.cut()
    await eventually("it is ready again", lambda: says(operator, "/readyz", 200))
    await tenant.registry()
    await tenant.reaches("True")


async def test_a_watch_that_is_dead_although_its_connection_is_not_is_a_reason_until_it_lives_again(
    tenant: Tenant, start: Callable[..., Operator], proxy: Proxy
) -> None:
    operator = await start(server=proxy.url, limits={"silence": 1.0, "_DEAD": 5.0}).ready()
    await eventually("all is well", lambda: says(operator, "/healthz", 200))
    proxy.watch_fault = alive_and_says_nothing
    proxy.cut()
    await eventually("a watch is dead", lambda: says(operator, "/healthz", 503, "has been dead for"), seconds=60)
    proxy.watch_fault = pass_on
    proxy.cut()
    await eventually("all is well again", lambda: says(operator, "/healthz", 200), seconds=60)
    await tenant.registry()
    await tenant.reaches("True")


async def test_a_queue_that_is_stuck_is_a_reason_until_it_moves_again(
    tenant: Tenant, start: Callable[..., Operator], proxy: Proxy
) -> None:
    operator = await start(server=proxy.url, limits={"_STUCK": 2.0}).ready()
    await tenant.registry()
    await tenant.reaches("True")
    go_on = asyncio.Event()

    async def held_up(call: Call, forward: Forward) -> web.StreamResponse:
        if call.write:
            await go_on.wait()
        return await forward()

    proxy.fault = held_up
    await tenant.edit(service={"annotations": {"example.com/edit": "1"}})
    await eventually("it is stuck", lambda: says(operator, "/healthz", 503, "the queue has been stuck for"))
    go_on.set()
    await eventually("all is well again", lambda: says(operator, "/healthz", 200), seconds=60)
    await tenant.reaches("True")
