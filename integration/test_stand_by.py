"""A claim that several pods may have: they take turns without a pause, two are kept up; any other claim has one pod."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from integration.api import APPS, CORE, ApiError, Object, eventually
from integration.audit import Audit
from integration.installation import USER
from integration.nodes import Nodes
from integration.process import Operator
from integration.tenant import Tenant

MANY, ONE = ["ReadWriteMany"], ["ReadWriteOnce"]
SURGE = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
STAND_BY = ["serve", "--config", "/etc/wharf/config.yaml", "--standby", "$(POD_IP)"]
COST = "controller.kubernetes.io/pod-deletion-cost"
NEED = "two pods need a claim that both may have: set storage.accessModes to [ReadWriteMany]"


async def deployment(tenant: Tenant) -> Object:
    """The spec of the Registry's Deployment."""
    found = await tenant.child("deployments", "team")
    assert found is not None
    spec: Object = found["spec"]
    return spec


async def has_strategy(tenant: Tenant, strategy: Object) -> None:
    """Wait until the Deployment replaces its pods so, and no other way."""

    async def probe() -> bool:
        found = (await deployment(tenant))["strategy"]
        assert found == strategy, found
        return True

    await eventually(f"the strategy is {strategy['type']}", probe)


async def budget(tenant: Tenant) -> Object | None:
    return await tenant.child("poddisruptionbudgets", "team")


async def no_budget(tenant: Tenant) -> bool:
    return await budget(tenant) is None


async def existing(tenant: Tenant, name: str, modes: Sequence[str]) -> None:
    """Somebody's claim, with a volume."""
    claims, size = tenant.path(CORE, "persistentvolumeclaims"), {"storage": "10Gi"}
    spec = {"accessModes": modes, "resources": {"requests": size}}
    await tenant.api.create(claims, {"metadata": {"name": name}, "spec": spec})
    status = {"phase": "Bound", "capacity": size}
    await tenant.api.patch(f"{claims}/{name}/status", {"status": status})


async def at_rest(seen: Audit) -> None:
    """Find that the operator asks nothing any more of the API server."""
    await asyncio.sleep(3)
    assert [str(call) for call in seen.beyond_watches(USER)] == []


@pytest.mark.parametrize("replicas", [1, 2])
async def test_pods_on_a_shared_claim_are_replaced_without_a_pause_and_then_nothing_is_written(
    tenant: Tenant, start: Callable[..., Operator], audit: Callable[[], Audit], replicas: int
) -> None:
    await start().ready()
    await tenant.registry(storage={"accessModes": MANY}, replicas=replicas)
    await tenant.reaches("True")
    spec = await deployment(tenant)
    assert (spec["replicas"], spec["strategy"]) == (replicas, SURGE)
    (container,) = spec["template"]["spec"]["containers"]
    assert container["args"] == STAND_BY
    (address,) = (entry for entry in container["env"] if entry["name"] == "POD_IP")
    assert address["valueFrom"]["fieldRef"]["fieldPath"] == "status.podIP"
    await asyncio.sleep(2)  # the last Event
    await at_rest(audit())


async def test_a_second_pod_brings_a_budget_and_takes_it_along_again(
    tenant: Tenant, start: Callable[..., Operator]
) -> None:
    await start().ready()
    await tenant.registry(storage={"accessModes": MANY})
    await tenant.reaches("True")
    assert await no_budget(tenant)
    await tenant.edit(replicas=2)
    made = await eventually("there is a budget", lambda: budget(tenant))
    assert (made["spec"]["minAvailable"], made["spec"]["unhealthyPodEvictionPolicy"]) == (1, "AlwaysAllow")
    assert made["spec"]["selector"] == (await deployment(tenant))["selector"]
    await tenant.reaches("True")
    pods = await tenant.api.list(tenant.path(CORE, "pods"))
    first = min(pod["metadata"]["name"] for pod in pods)
    assert f"2 replicas up, with the newest configuration; {first} is active" in (
        await tenant.condition(kind="WorkloadReady")
    )["message"]  # fmt: skip
    await tenant.remove("poddisruptionbudgets", "team")
    again = await eventually("the budget is back", lambda: budget(tenant))
    assert again["metadata"]["uid"] != made["metadata"]["uid"]
    await tenant.patch("poddisruptionbudgets", "team", {"spec": {"minAvailable": 2}})

    async def put_right() -> bool:
        return bool(((await budget(tenant)) or {})["spec"]["minAvailable"] == 1)

    await eventually("the budget lets one pod go", put_right)
    await tenant.edit(replicas=1)
    await eventually("the budget is gone", lambda: no_budget(tenant))
    await tenant.reaches("True")


async def costs(tenant: Tenant) -> list[str | None]:
    """The deletion cost of each pod, ordered by name."""
    pods = await tenant.api.list(tenant.path(CORE, "pods"))
    return [pod["metadata"].get("annotations", {}).get(COST) for pod in sorted(pods, key=name_of)]


def name_of(obj: Object) -> str:
    return str(obj["metadata"]["name"])


async def test_the_active_pod_is_the_last_that_goes_and_that_is_written_once(
    tenant: Tenant, start: Callable[..., Operator], nodes: Nodes, audit: Callable[[], Audit]
) -> None:
    async def has(*wanted: str | None) -> None:
        async def probe() -> bool:
            found = await costs(tenant)
            assert found == [*wanted], found
            return True

        await eventually(f"the costs are {wanted}", probe)

    operator = await start().ready()
    await tenant.registry(storage={"accessModes": MANY})
    await tenant.reaches("True")
    await has(None)
    await tenant.edit(replicas=2)
    await has("100", None)
    nodes.active[tenant.name, "team"] = 1
    await has(None, "100")
    first, _ = sorted(map(name_of, await tenant.api.list(tenant.path(CORE, "pods"))))
    theirs = {"metadata": {"annotations": {COST: "7"}}}
    await tenant.api.patch(tenant.path(CORE, "pods", first), theirs)
    nodes.active[tenant.name, "team"] = 0
    await has("7", None)
    await tenant.reaches("True")
    await asyncio.sleep(2)  # the last Event
    await at_rest(audit())
    operator.stop()
    seen = audit()
    await start().ready()
    await asyncio.sleep(3)
    assert [str(call) for call in seen.writes(USER)] == []
    assert await costs(tenant) == ["7", None]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"replicas": 2}, NEED),
        ({"replicas": 2, "storage": {"accessModes": ONE}}, NEED),
        ({"replicas": 3, "storage": {"accessModes": MANY}}, "two replicas at most"),
        ({"replicas": 3, "storage": {"existingClaim": "old"}}, "two replicas at most"),
    ],
)
async def test_more_pods_than_the_claim_can_have_are_refused(
    tenant: Tenant, spec: dict[str, Any], message: str
) -> None:
    with pytest.raises(ApiError) as refused:
        await tenant.registry(**spec)
    assert refused.value.status == 422
    assert message in str(refused.value)


async def test_a_second_pod_is_refused_to_a_registry_whose_claim_is_for_one(tenant: Tenant) -> None:
    await tenant.registry()
    with pytest.raises(ApiError) as refused:
        await tenant.edit(replicas=2)
    assert refused.value.status == 422
    assert NEED in str(refused.value)


async def test_an_existing_claim_for_one_pod_runs_one_and_says_so(
    tenant: Tenant, start: Callable[..., Operator], audit: Callable[[], Audit]
) -> None:
    await start().ready()
    await existing(tenant, "old", ONE)
    await tenant.registry(storage={"existingClaim": "old"}, replicas=2)
    said = await tenant.says("so one of 2 replicas runs", kind="StorageReady")
    assert (said["status"], said["reason"]) == ("False", "AccessModesRefused")
    assert "set spec.replicas to 1, or use a claim with ReadWriteMany" in said["message"]
    await tenant.reaches("True", kind="WorkloadReady")
    spec = await deployment(tenant)
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    assert "--standby" not in spec["template"]["spec"]["containers"][0]["args"]
    assert await no_budget(tenant)
    await asyncio.sleep(2)  # the last Event
    await at_rest(audit())
    await tenant.edit(replicas=1)
    await tenant.reaches("True")


async def test_what_an_existing_claim_allows_decides_and_the_strategy_goes_with_it_both_ways(
    tenant: Tenant, start: Callable[..., Operator]
) -> None:
    await start().ready()
    await existing(tenant, "for-many", MANY)
    await existing(tenant, "for-one", ONE)
    await tenant.registry(storage={"existingClaim": "for-many"}, replicas=2)
    await tenant.reaches("True")
    assert (await deployment(tenant))["replicas"] == 2
    await has_strategy(tenant, SURGE)
    assert await budget(tenant)
    await tenant.edit(storage={"existingClaim": "for-one"})
    await has_strategy(tenant, {"type": "Recreate"})
    await eventually("the budget is gone", lambda: no_budget(tenant))
    assert (await deployment(tenant))["replicas"] == 1
    await tenant.edit(storage={"existingClaim": "for-many"})
    await has_strategy(tenant, SURGE)
    await tenant.reaches("True")


async def test_an_existing_claim_that_comes_late_is_waited_for_and_decides(
    tenant: Tenant, start: Callable[..., Operator]
) -> None:
    await start().ready()
    await tenant.registry(storage={"existingClaim": "late"}, replicas=2)
    await tenant.says("claim 'late' of spec.storage.existingClaim is missing", kind="StorageReady")
    await existing(tenant, "late", MANY)
    await tenant.reaches("True")
    spec = await deployment(tenant)
    assert (spec["replicas"], spec["strategy"]) == (2, SURGE)


async def test_an_earlier_releases_pod_is_gone_before_the_first_that_stands_by_starts(
    tenant: Tenant, start: Callable[..., Operator]
) -> None:
    operator = await start().ready()
    await tenant.registry(storage={"accessModes": MANY})
    await tenant.reaches("True")
    operator.stop()
    strategy = {"type": "Recreate", "rollingUpdate": None}
    earlier = {"containers": [{"name": "wharf", "args": STAND_BY[:3]}]}
    template = {"spec": {"strategy": strategy, "template": {"spec": earlier}}}
    await tenant.patch("deployments", "team", template, "strategic")

    async def pods() -> list[Object]:
        return await tenant.api.list(tenant.path(CORE, "pods"))

    async def without() -> bool:
        return [pod["spec"]["containers"][0]["args"] for pod in await pods()] == [STAND_BY[:3]]

    await eventually("only the earlier release's pod is there", without)
    deployments = tenant.path(APPS, "deployments")
    version = (await tenant.api.request("GET", deployments))["metadata"]["resourceVersion"]
    await start().ready()
    await has_strategy(tenant, SURGE)
    steps: list[tuple[str, bool]] = []
    async with contextlib.aclosing(tenant.api.watch(f"{deployments}?", version)) as events:
        async for event in events:
            spec = event["object"]["spec"]
            step = spec["strategy"]["type"], "--standby" in spec["template"]["spec"]["containers"][0]["args"]
            steps += [step] if step not in steps[-1:] else []
            if step[0] == "RollingUpdate":
                break
    assert steps == [("Recreate", True), ("RollingUpdate", True)]
    await tenant.reaches("True")


@pytest.mark.parametrize(
    ("modes", "strategy", "other"),
    [
        pytest.param(MANY, SURGE, {"type": "Recreate", "rollingUpdate": None}, id="one at a time on a claim for many"),
        pytest.param(MANY, SURGE, {"rollingUpdate": {"maxUnavailable": 1}}, id="with a pause"),
        pytest.param(ONE, {"type": "Recreate"}, {"type": "RollingUpdate"}, id="two at a time on a claim for one"),
    ],
)
async def test_a_deployment_that_replaces_its_pods_another_way_is_put_right(
    tenant: Tenant, start: Callable[..., Operator], modes: Sequence[str], strategy: Object, other: Object
) -> None:
    await start().ready()
    await tenant.registry(storage={"accessModes": modes})
    await tenant.reaches("True")
    await tenant.patch("deployments", "team", {"spec": {"strategy": other}})
    await has_strategy(tenant, strategy)
    await tenant.reaches("True")
