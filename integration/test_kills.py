"""The operator is killed after each single write; a fresh one comes to the same end, and no password is ever lost."""

import asyncio
from collections.abc import Callable
from functools import partial

import pytest
from aiohttp import web

from integration.api import eventually
from integration.process import Operator
from integration.proxy import Broken, Call, Forward, Proxy
from integration.tenant import Tenant

MOST = 40  # writes that one change may take; a guard, not a bound
AT_ONCE = 4


class Killer:
    """Kills operators after so many writes, before they learn how the last one went."""

    def __init__(self, proxy: Proxy, start: Callable[..., Operator]) -> None:
        self._start, self._proxy = start, proxy
        self._due: dict[str, tuple[int, Operator]] = {}
        self._room = asyncio.Semaphore(AT_ONCE)
        self._enough = False
        self.most = 0
        proxy.fault = self._fault

    async def _fault(self, call: Call, forward: Forward) -> web.StreamResponse:
        answer = await forward()
        left, operator = self._due.get(call.namespace, (0, None))
        if operator is not None and call.write:
            self._due[call.namespace] = (left - 1, operator)
            if left == 1:
                operator.kill()
            if left <= 1:
                raise Broken
        return answer

    async def kill(self, tenant: Tenant, writes: int, done: Callable[[Tenant], object]) -> bool:
        """Let an operator of the tenant's own make so many writes and no more; whether it came so far."""
        async with self._room:
            if self._enough:
                return False
            operator = self._start(server=self._proxy.url, WHARFINGER_NAMESPACES=tenant.name)
            self._due[tenant.name] = (writes, operator)

            async def over() -> bool:
                return not operator.alive or await self._rested(tenant, done)

            await eventually("the operator is killed, or done", over, seconds=60)
            killed = not operator.alive
            operator.kill()
            if killed:
                self.most = max(self.most, writes)
            self._enough |= not killed  # there are no more writes than that
            return killed

    async def _rested(self, tenant: Tenant, done: Callable[[Tenant], object]) -> bool:
        if not await done(tenant):  # type: ignore[misc]  # it is awaitable
            return False
        before = self._proxy.count(tenant.name)
        await asyncio.sleep(1)
        return self._proxy.count(tenant.name) == before


@pytest.fixture
def killer(proxy: Proxy, start: Callable[..., Operator]) -> Killer:
    return Killer(proxy, start)


async def ready(tenant: Tenant) -> bool:
    return (await tenant.condition()).get("status") == "True"


async def test_killed_while_it_makes_a_registry(
    tenants: Callable[[], Tenant], start: Callable[..., Operator], killer: Killer
) -> None:
    whole, *others = await asyncio.gather(*(tenants().create() for _ in range(MOST)))
    await asyncio.gather(*(tenant.registry(auth={"users": [{"name": "a"}]}) for tenant in (whole, *others)))
    killed = await asyncio.gather(*(killer.kill(tenant, n, ready) for n, tenant in enumerate(others, 1)))
    assert not all(killed), "raise MOST: each write has to be the last one once"
    assert killer.most > 13, "the children alone are thirteen"
    start()
    await Tenant.all_reach((whole, *others))
    end = set(await whole.children())
    for tenant in others:
        assert set(await tenant.children()) == end
        assert await tenant.works("a")


async def test_killed_while_it_rotates_a_password(
    tenants: Callable[[], Tenant], start: Callable[..., Operator], killer: Killer
) -> None:
    all_of_them = await asyncio.gather(*(tenants().create() for _ in range(MOST // 2)))
    users = [{"name": "a", "rotation": "1"}, {"name": "b"}]
    await asyncio.gather(*(tenant.registry(auth={"users": users}) for tenant in all_of_them))
    first = start()
    await Tenant.all_reach(all_of_them)
    first.stop()
    before = {tenant.name: await tenant.secret("team-user-a") for tenant in all_of_them}
    rotated = [{"name": "a", "rotation": "2"}, {"name": "b"}]
    await asyncio.gather(*(tenant.edit(auth={"users": rotated}) for tenant in all_of_them))

    async def done(tenant: Tenant) -> bool:
        assert await tenant.works("a")  # at every moment
        now = await tenant.secret("team-user-a")
        return now["password"] != before[tenant.name]["password"] and await ready(tenant)

    killed = await asyncio.gather(*(killer.kill(tenant, n, done) for n, tenant in enumerate(all_of_them, 1)))
    assert not all(killed)
    assert killer.most > 4
    for tenant in all_of_them:
        assert await tenant.works("a")
    start()
    for tenant in all_of_them:
        await eventually("the password is another one", partial(done, tenant), seconds=60)
        assert await tenant.works("b")


async def test_killed_after_each_write_again_and_again(tenant: Tenant, killer: Killer) -> None:
    await tenant.registry()
    starts = 1
    while await killer.kill(tenant, 1, ready):
        starts += 1
        assert starts < 2 * MOST, "it never ends"
    await tenant.reaches("True")
    assert await tenant.works()
