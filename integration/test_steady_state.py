"""A steady state costs nothing, and a restart writes nothing: by the API server's own record."""

import asyncio
import os
from collections.abc import Callable

import pytest

from integration.api import eventually
from integration.audit import Audit
from integration.installation import USER
from integration.process import Operator
from integration.tenant import Tenant

REGISTRIES = int(os.environ.get("WHARFINGER_REST_REGISTRIES", "200"))
SECONDS = float(os.environ.get("WHARFINGER_REST_SECONDS", "30"))


async def ready(tenant: Tenant) -> int:
    """How many Registries of a namespace are Ready."""
    registries = await tenant.api.list(tenant.path("/apis/wharfinger.dev/v1", "registries"))
    conditions = [entry for registry in registries for entry in (registry.get("status") or {}).get("conditions", [])]
    return sum(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions)


@pytest.mark.timeout(400 + SECONDS + 4 * REGISTRIES)
async def test_many_registries_at_rest_cost_no_request_and_a_restart_no_write(
    tenant: Tenant, start: Callable[..., Operator], audit: Callable[[], Audit]
) -> None:
    operator = await start(WHARFINGER_LEASE_NAMESPACE="wharfinger-system").ready()
    await asyncio.gather(*(tenant.registry(f"r{number}") for number in range(REGISTRIES)))

    async def all_ready() -> bool:
        assert await ready(tenant) == REGISTRIES
        return True

    await eventually("all are Ready", all_ready, seconds=120 + 3 * REGISTRIES)
    await asyncio.sleep(2)  # the last Event
    resting, used = audit(), operator.cpu()
    await asyncio.sleep(SECONDS)
    assert [str(call) for call in resting.beyond_watches(USER)] == []
    print(f"{REGISTRIES} Registries, {SECONDS:g} s: no request; {(operator.cpu() - used) / SECONDS:.1%} of a core, "
          f"{operator.memory() / 1e6:.0f} MB")  # fmt: skip
    operator.stop()
    again = audit()
    await start(WHARFINGER_LEASE_NAMESPACE="wharfinger-system").ready()
    await asyncio.sleep(5)
    assert [str(call) for call in again.writes(USER)] == []
