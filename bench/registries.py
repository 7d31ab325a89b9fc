"""Many Registries on an API server: how fast they are made, what they cost at rest, how fast an edit and a restart are.

Rule: requests are counted, and the times between them taken, from the API server's own record. There are no nodes:
while Registries are made nothing runs pods, so that only the API server and the operator work; afterwards a stand-in
does.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from integration.api import APPS, CORE, Api, eventually
from integration.audit import Audit, Call
from integration.control_plane import ControlPlane, control_plane
from integration.installation import USER, install, kubeconfig
from integration.nodes import Nodes
from integration.process import Operator
from integration.tenant import Tenant

from bench.bare import AGENT, Bare, Body, finished

WORKERS = 16  # as the operator has by default


@dataclass(frozen=True)
class Effort:
    """How much is done. `rest`: seconds of watching at rest."""

    registries: int = 1000
    rounds: int = 4
    rest: float = 120.0
    edits: int = 300


@dataclass(frozen=True)
class Share:
    """What one of the two did in a round: children a second, and processor seconds for each Registry."""

    rate: float
    cpu: float


@dataclass
class Figures:
    """What came of it."""

    rounds: list[tuple[Share, Share]] = field(default_factory=list)  # the operator's and the bare client's
    requests: Counter[str] = field(default_factory=Counter)  # of the operator, while the Registries were made
    children: int = 0  # of one Registry
    memory: float = 0.0  # MB
    core: float = 0.0  # percent
    asked: int = 0  # requests at rest
    edits: list[float] = field(default_factory=list)  # milliseconds
    settled: float = 0.0  # seconds
    writes: int = 0  # after a restart


@dataclass
class Stage:
    """Everything that is up."""

    api: Api
    plane: ControlPlane
    nodes: Nodes
    start: Callable[[], Operator]
    operator: Operator
    say: Callable[[str], None]


@asynccontextmanager
async def stage(plane: ControlPlane, directory: Path, say: Callable[[str], None]) -> AsyncIterator[Stage]:
    """Install the operator on an API server, and start it."""
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(Api(plane))
        await install(api)
        nodes = Nodes(api, plane)
        config = await kubeconfig(api, plane, directory / "kubeconfig")
        numbers = itertools.count(1)

        def start() -> Operator:
            told = {"WHARFINGER_LEASE_NAMESPACE": "wharfinger-system", "WHARFINGER_WORKERS": str(WORKERS)}
            operator = Operator(config, directory / f"operator-{next(numbers)}.log", nodes.port, told, fresh=True)
            stack.callback(operator.kill)
            return operator.start()

        yield Stage(api, plane, nodes, start, await start().ready(), say)


async def measure(effort: Effort, directory: Path, say: Callable[[str], None]) -> Figures:
    """Start etcd and an API server, and measure everything."""
    found = Figures()
    with control_plane() as plane:
        async with stage(plane, directory, say) as here:
            tenants = [await _converge(here, effort, found, number) for number in range(effort.rounds)]
            async with here.nodes:
                await eventually(
                    "all are Ready", lambda: _all_ready(here, effort), seconds=300 + 10 * effort.registries
                )
                await _rest(here, effort, found)
                await _edit(here, tenants[0], effort, found)
                await _restart(here, effort, found)
    return found


async def _converge(here: Stage, effort: Effort, found: Figures, number: int) -> Tenant:
    """One round: the operator makes its share of the Registries, then the bare client makes the same children."""
    share = effort.registries // effort.rounds
    tenant = await Tenant(here.api, f"made-{number}").create()
    used, seen = here.operator.cpu(), Audit(here.plane.audit_log)
    names = iter([f"r{index}" for index in range(share)])

    async def create() -> None:
        for name in names:
            await tenant.registry(name)

    await asyncio.gather(*(create() for _ in range(WORKERS)))
    await eventually("all is made", lambda: _made(here, tenant, share), seconds=300 + 10 * share, pause=1.0)
    calls = [call for call in seen.calls(USER) if call.verb != "watch" and call.resource != "leases"]
    found.requests.update(f"{call.verb} {call.resource}" for call in calls)
    applied = [call for call in calls if call.verb == "patch" and "/" not in call.resource]
    created = [call for call in seen.calls() if call.verb == "create" and call.resource == "registries"]
    children = await finished(tenant, f"bare-{number}")
    found.children = len(children) // share
    ours = Share(len(children) / _seconds([*created, *applied]), (here.operator.cpu() - used) / share)
    bare = await _apply(here, f"bare-{number}", children, share)
    found.rounds.append((ours, bare))
    here.say(f"round {number + 1}: {ours.rate:.0f} children/s by the operator, {bare.rate:.0f} by the bare client; "
             f"{ours.cpu * 1e3:.1f} and {bare.cpu * 1e3:.1f} ms of a core for a Registry")  # fmt: skip
    return tenant


async def _apply(here: Stage, namespace: str, children: list[Body], share: int) -> Share:
    """Have the bare client make these children."""
    await here.api.create(f"{CORE}/namespaces", {"metadata": {"name": namespace}})
    seen = Audit(here.plane.audit_log)
    async with Bare(here.plane, WORKERS) as bare:
        await bare.apply(children)
        return Share(len(children) / _seconds([c for c in seen.calls() if c.agent == AGENT]), bare.cpu / share)


async def _made(here: Stage, tenant: Tenant, share: int) -> bool:
    page = await here.api.request("GET", tenant.path(APPS, "deployments") + "?limit=1")
    there = len(page["items"]) + page["metadata"].get("remainingItemCount", 0)
    assert there == share, f"{there} Deployments"
    return await _idle(here.operator)


async def _idle(operator: Operator, seconds: float = 1.0) -> bool:
    """Whether nothing waits, and nothing was asked of the API server for a while (but the Lease)."""
    before = await operator.metric("wharfinger_reconciles_total")
    await asyncio.sleep(seconds)
    waiting = await operator.metric("wharfinger_queue_depth")
    return not waiting and await operator.metric("wharfinger_reconciles_total") == before


def _seconds(calls: list[Call]) -> float:
    """From the first of these calls to the last."""
    moments = [datetime.fromisoformat(call.at) for call in calls]
    return (max(moments) - min(moments)).total_seconds()


async def _all_ready(here: Stage, effort: Effort) -> bool:
    ready = await here.operator.metric('wharfinger_registry_conditions{type="Ready",status="True"}')
    assert ready == effort.registries, f"{ready:.0f} are Ready"
    return await _idle(here.operator, 3.0)


async def _rest(here: Stage, effort: Effort, found: Figures) -> None:
    seen, used, begun = Audit(here.plane.audit_log), here.operator.cpu(), time.monotonic()
    await asyncio.sleep(effort.rest)
    found.core = (here.operator.cpu() - used) / (time.monotonic() - begun) * 100
    found.memory = here.operator.memory() / 1e6
    found.asked = len(seen.beyond_watches(USER))
    here.say(f"at rest: {found.memory:.0f} MB, {found.core:.2f} % of a core, {found.asked} requests")


async def _edit(here: Stage, tenant: Tenant, effort: Effort, found: Figures) -> None:
    """Edit one Registry after another, and see each edit arrive at its Service."""
    services = tenant.path(CORE, "services")
    version = (await here.api.request("GET", f"{services}?limit=1"))["metadata"]["resourceVersion"]
    arrived: asyncio.Queue[tuple[str, float]] = asyncio.Queue()

    async def look() -> None:
        async for event in here.api.watch(f"{services}?", version):
            value = event["object"]["metadata"].get("annotations", {}).get("example.com/edit", "")
            arrived.put_nowait((value, time.perf_counter()))

    looking = asyncio.create_task(look())
    for number in range(effort.edits):
        name = f"r{number % (effort.registries // effort.rounds)}"
        begun = time.perf_counter()
        await tenant.edit(name, service={"annotations": {"example.com/edit": str(number)}})
        while (seen := await asyncio.wait_for(arrived.get(), 60))[0] != str(number):
            pass
        found.edits.append((seen[1] - begun) * 1e3)
        await asyncio.sleep(0.05)
    looking.cancel()
    here.say(f"edit to child: p50 {quantile(found.edits, 0.5):.1f} ms, p99 {quantile(found.edits, 0.99):.1f} ms")


def quantile(values: list[float], part: float) -> float:
    """The value that this part of them does not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * part) - 1)]


async def _restart(here: Stage, effort: Effort, found: Figures) -> None:
    """Stop the operator and start it; it has settled once it has looked at every Registry and nothing waits."""
    await eventually("the edits are settled", lambda: _idle(here.operator, 3.0), seconds=300)
    here.operator.stop()
    seen, begun = Audit(here.plane.audit_log), time.monotonic()
    here.operator = here.start()

    async def settled() -> bool:
        looks = await here.operator.metric("wharfinger_reconciles_total")
        assert looks >= effort.registries, f"{looks:.0f} looks"
        return await here.operator.metric("wharfinger_queue_depth") == 0

    await eventually("it has settled", settled, seconds=600)
    found.settled = time.monotonic() - begun
    await asyncio.sleep(10)
    found.writes = len(seen.writes(USER))
    here.say(f"restart: settled after {found.settled:.1f} s, {found.writes} writes")
