"""At no time do two operators lead, whatever the API server does; and one leads again soon."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from wharfinger import clock
from wharfinger.kube.client import Client
from wharfinger.kube.election import DEFAULT, Elector, Terms
from wharfinger.kube.resources import LEASE

QUICK = Terms(lease=1.0, deadline=0.4, retry=0.05, request=0.1)


class Operator:
    """One contender; `world` are all that lead."""

    def __init__(self, client: Client, name: str, world: list[str]) -> None:
        self.name = name
        self.world = world
        self.most = 0
        self.elector = Elector(client, ("ci", "wharfinger"), name, clock.now, QUICK)
        self.task = asyncio.create_task(self.elector.run(self.lead))

    async def lead(self) -> None:
        self.world.append(self.name)
        self.most = max(self.most, len(self.world))
        try:
            await asyncio.sleep(60)
        finally:
            self.world.remove(self.name)

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@pytest.fixture
def world() -> list[str]:
    return []


@pytest.fixture
async def enter(configuration, world) -> AsyncIterator[Callable[..., Any]]:
    """Starts contenders; in the end, never have two led at once."""
    operators: list[Operator] = []
    clients: list[Client] = []

    async def enter(name: str) -> Operator:
        clients.append(Client(configuration, timeout=QUICK.request, tries=1))
        operators.append(Operator(clients[-1], name, world))
        return operators[-1]

    yield enter
    for operator in operators:
        await operator.stop()
    for client in clients:
        await client.__aexit__()
    assert max((operator.most for operator in operators), default=0) <= 1


def lease(api) -> dict[str, Any]:
    return api.objects["leases", "ci", "wharfinger"]["spec"]


async def test_an_absent_lease_is_made(api, enter, world, until) -> None:
    operator = await enter("a")
    await until(lambda: world == ["a"])
    assert operator.elector.leading
    assert lease(api)["holderIdentity"] == "a"
    assert lease(api)["leaseDurationSeconds"] == 1
    assert lease(api)["renewTime"].endswith("Z")


async def test_one_leads_and_the_other_stands_by(api, enter, world, until) -> None:
    await enter("a")
    await until(lambda: world)
    await enter("b")
    await asyncio.sleep(0.3)
    assert world == ["a"]


async def test_the_lease_is_given_back_at_a_stop_and_taken_up_at_once(api, enter, world, until) -> None:
    first = await enter("a")
    await until(lambda: world)
    await enter("b")
    begun = asyncio.get_running_loop().time()
    await first.stop()
    await until(lambda: world == ["b"])
    assert asyncio.get_running_loop().time() - begun < QUICK.lease
    assert lease(api)["leaseTransitions"] >= 1


async def test_a_leader_that_died_is_followed_once_its_lease_has_lapsed(api, enter, world, until) -> None:
    api.put(LEASE, {"metadata": {"name": "wharfinger"}, "spec": {"holderIdentity": "dead", "leaseDurationSeconds": 1}})
    begun = asyncio.get_running_loop().time()
    await enter("b")
    await until(lambda: world == ["b"])
    assert asyncio.get_running_loop().time() - begun >= QUICK.lease


async def test_a_restart_under_the_same_name_leads_at_once(api, enter, world, until) -> None:
    api.put(LEASE, {"metadata": {"name": "wharfinger"}, "spec": {"holderIdentity": "a", "leaseDurationSeconds": 60}})
    await enter("a")
    await until(lambda: world == ["a"])


@pytest.mark.parametrize("fault", ["hangs", "refuses"])
async def test_a_leader_that_is_cut_off_stops_before_another_starts(api, enter, world, until, fault: str) -> None:
    first = await enter("a")
    await until(lambda: world == ["a"])

    async def hang() -> web.Response:
        await asyncio.sleep(5)
        return web.Response()

    answer = hang if fault == "hangs" else lambda: web.json_response({"message": "no"}, status=500)
    is_first = lambda call: call.verb == "update" and call.body["spec"]["holderIdentity"] in ("a", "")  # noqa: E731 - short
    for _ in range(200):
        api.faults.append((is_first, answer))
    await enter("b")
    await until(lambda: world == [])
    assert not first.elector.leading
    await until(lambda: world == ["b"])


async def test_a_renewal_whose_answer_was_lost_loses_nothing(api, enter, world, until) -> None:
    await enter("a")
    await until(lambda: world == ["a"])

    async def done_but_silent() -> web.Response:
        stored = api.objects["leases", "ci", "wharfinger"]
        api.put(LEASE, {"metadata": {"name": "wharfinger"}, "spec": stored["spec"]})
        await asyncio.sleep(5)
        return web.Response()

    api.fail("update", done_but_silent)
    before = len(api.seen("update"))
    await until(lambda: len(api.seen("update")) > before + 3)
    assert world == ["a"]


async def test_a_lease_that_someone_took_ends_the_reign_at_once(api, enter, world, until, caplog) -> None:
    await enter("a")
    await until(lambda: world == ["a"])
    api.put(LEASE, {"metadata": {"name": "wharfinger"}, "spec": {"holderIdentity": "b", "leaseDurationSeconds": 1}})
    await until(lambda: world == [])
    assert "the Lease was lost" in caplog.text


async def test_a_defect_of_the_leader_ends_the_process(client) -> None:
    async def broken() -> None:
        raise KeyError("a defect")

    elector = Elector(client, ("ci", "wharfinger"), "a", clock.now, QUICK)
    with pytest.raises(KeyError):
        await elector.run(broken)


async def test_work_that_ends_gives_the_lease_back(api, client) -> None:
    await Elector(client, ("ci", "wharfinger"), "a", clock.now, QUICK).run(lambda: asyncio.sleep(0))
    assert lease(api)["holderIdentity"] == ""


def test_a_leader_stops_before_a_follower_may_start() -> None:
    assert DEFAULT.deadline + DEFAULT.request < DEFAULT.lease
    assert DEFAULT.retry + DEFAULT.request < DEFAULT.deadline


def test_other_terms_keep_the_proportions_that_make_two_leaders_impossible() -> None:
    terms = Terms.of(5)
    assert terms.lease == 5
    assert terms.deadline + terms.request < terms.lease
    assert Terms.of(15) == Terms()
