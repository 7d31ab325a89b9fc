"""Of two operators one works; whatever becomes of it the other takes over, and never do both: by the audit log."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from aiohttp import web

from integration.api import CORE, Api, eventually
from integration.audit import WRITES, Audit
from integration.audit import Call as Entry
from integration.control_plane import ControlPlane
from integration.process import Operator
from integration.proxy import Broken, Call, Forward, Proxy, pass_on
from integration.tenant import Tenant

LEASE_SECONDS = 6
ELECTION = {"WHARFINGER_LEASE_NAMESPACE": "wharfinger-system", "WHARFINGER_LEASE_SECONDS": str(LEASE_SECONDS)}
LEASE = "/apis/coordination.k8s.io/v1/namespaces/wharfinger-system/leases/wharfinger"


@dataclass
class Candidate:
    """An operator with a way of its own to the API server."""

    operator: Operator
    proxy: Proxy

    async def leads(self) -> bool:
        return await self.operator.metric("wharfinger_leader") == 1

    async def hangs(self, _: Call, __: Forward) -> web.StreamResponse:
        await asyncio.sleep(3600)
        raise Broken


@pytest.fixture
async def two(
    plane: ControlPlane, api: Api, start: Callable[..., Operator]
) -> AsyncIterator[tuple[Candidate, Candidate]]:
    """One that leads, and one that stands by."""
    await api.delete(LEASE)
    async with AsyncExitStack() as stack:
        found = []
        for name in ("one", "two"):
            proxy = await stack.enter_async_context(Proxy(plane, name=name))
            found.append(Candidate(await start(server=proxy.url, **ELECTION).ready(), proxy))
            await eventually("the first one leads", found[0].leads)
        yield found[0], found[1]


async def keep_busy(tenant: Tenant) -> None:
    """Give whoever leads something to write, all the time."""
    for number in itertools.count():
        await tenant.edit(service={"annotations": {"example.com/number": str(number)}})
        await asyncio.sleep(0.1)


async def kill(one: Candidate) -> None:
    one.operator.kill()


async def hang(one: Candidate) -> None:
    one.proxy.fault = one.proxy.watch_fault = one.hangs


async def refuse(one: Candidate) -> None:
    await one.proxy.refuse()


@pytest.mark.parametrize("blow", [kill, hang, refuse], ids=["killed", "its connection hangs", "it is refused"])
async def test_the_other_takes_over_and_they_never_both_work(
    tenant: Tenant,
    two: tuple[Candidate, Candidate],
    audit: Callable[[], Audit],
    blow: Callable[[Candidate], Awaitable[None]],
) -> None:
    one, other = two
    await tenant.registry()
    await tenant.reaches("True")
    seen = audit()
    busy = asyncio.create_task(keep_busy(tenant))
    await asyncio.sleep(1)
    await blow(one)
    await eventually("the other one leads", other.leads, seconds=60)
    await eventually("and works", lambda: worked(seen, tenant, "two"))
    if one.operator.alive:
        assert not await one.leads()
        one.proxy.fault = one.proxy.watch_fault = pass_on
        if blow is refuse:
            await one.proxy.listen()
        await asyncio.sleep(2)
    busy.cancel()
    apart(seen, tenant)
    one.operator.kill()
    await tenant.reaches("True")


async def worked(seen: Audit, tenant: Tenant, name: str) -> bool:
    return any(call.agent.endswith(f" {name}") for call in written(seen, tenant))


def written(seen: Audit, tenant: Tenant) -> list[Entry]:
    """Writes of operators in the tenant's namespace."""
    return [
        call for call in seen.calls() if call.verb in WRITES and call.namespace == tenant.name and " " in call.agent
    ]


def apart(seen: Audit, tenant: Tenant) -> None:
    """Hold that no write of the first one came after the other one's first."""
    names = [call.agent.rpartition(" ")[2] for call in sorted(written(seen, tenant), key=lambda call: call.at)]
    turns = [name for name, _ in itertools.groupby(name for name in names if name in ("one", "two"))]
    assert turns == ["one", "two"]


async def test_one_that_is_told_to_stop_gives_the_lease_back_at_once(
    tenant: Tenant, two: tuple[Candidate, Candidate]
) -> None:
    one, other = two
    assert not await other.leads()
    one.operator.stop()
    await eventually("the other one leads", other.leads)
    await tenant.registry()
    await tenant.reaches("True")


async def test_one_whose_lease_is_taken_stops_and_the_process_stays(api: Api, two: tuple[Candidate, Candidate]) -> None:
    one, other = two
    await api.patch(LEASE, {"spec": {"holderIdentity": "somebody", "leaseDurationSeconds": LEASE_SECONDS}})

    async def stands_by() -> bool:
        return not await one.leads()

    await eventually("the first one stands by", stands_by)
    assert one.operator.alive
    assert not await other.leads()

    async def led() -> bool:
        return await one.leads() or await other.leads()

    await eventually("one of them leads again", led, seconds=60)


async def test_two_that_work_by_mistake_come_to_the_same_end(
    tenant: Tenant, start: Callable[..., Operator], audit: Callable[[], Audit]
) -> None:
    first, second = start(), start()
    await first.ready()
    await second.ready()
    users = [{"name": "a", "rotation": "1"}]
    await tenant.registry(auth={"users": users})
    await tenant.reaches("True")
    assert await tenant.works("a")
    await tenant.edit(auth={"users": [{"name": "a", "rotation": "2"}]})
    await tenant.reaches("True")
    await asyncio.sleep(3)
    assert await tenant.works("a")
    resting = audit()
    await asyncio.sleep(3)
    there = [str(call) for call in resting.calls() if call.namespace == tenant.name and call.verb in WRITES]
    assert there == [], "they do not fight"
    assert await tenant.api.get(tenant.path(CORE, "persistentvolumeclaims", "team"))
