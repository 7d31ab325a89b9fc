"""A claim grows when its class lets it and when it fills up; growth that has not come about is taken back."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest

from integration.api import CORE, Api, eventually
from integration.nodes import Nodes
from integration.process import Operator
from integration.tenant import Tenant

CLASSES = "/apis/storage.k8s.io/v1/storageclasses"


@dataclass(frozen=True)
class Claim:
    """The Registry's claim, of a class of its own."""

    tenant: Tenant

    @property
    def path(self) -> str:
        """Where it is."""
        return self.tenant.path(CORE, "persistentvolumeclaims", "team")

    async def asks(self, size: str) -> None:
        """Wait until it asks for so much."""

        async def probe() -> bool:
            claim = await self.tenant.api.get(self.path) or {}
            assert claim["spec"]["resources"]["requests"]["storage"] == size
            return True

        await eventually(f"the claim asks for {size}", probe)

    async def resized(self, size: str) -> None:
        """Say that the volume has become so large, as a resizer does."""
        await self.tenant.api.patch(f"{self.path}/status", {"status": {"capacity": {"storage": size}}})

    async def elastic(self, allowed: bool) -> None:
        """Let the class allow growth, or not."""
        await self.tenant.api.patch(f"{CLASSES}/{self.tenant.name}", {"allowVolumeExpansion": allowed})


@pytest.fixture
async def claim(api: Api, tenant: Tenant, start: Callable[..., Operator]) -> AsyncIterator[Claim]:
    """A claim of 10Gi that is bound."""
    await api.create(CLASSES, {"metadata": {"name": tenant.name}, "provisioner": "example.com/none"})
    await start().ready()
    await tenant.registry(storage={"size": "10Gi", "storageClassName": tenant.name})
    await tenant.reaches("True")
    yield Claim(tenant)
    await api.delete(f"{CLASSES}/{tenant.name}")


async def test_a_claim_grows_once_its_class_lets_it_and_growth_can_be_taken_back(tenant: Tenant, claim: Claim) -> None:
    await tenant.edit(storage={"size": "20Gi"})
    await tenant.says(f"kubectl patch storageclass {tenant.name}", kind="StorageReady")
    await claim.asks("10Gi")
    await claim.elastic(True)
    await claim.asks("20Gi")
    await tenant.says("is to grow from 10Gi to 20Gi", kind="StorageReady")
    await claim.resized("20Gi")
    await tenant.reaches("True")
    await tenant.edit(storage={"size": "1000Gi"})
    await claim.asks("1000Gi")
    await tenant.edit(storage={"size": "30Gi"})
    await claim.asks("30Gi")


async def test_a_claim_grows_as_it_fills_up_and_not_twice_for_one_reason(
    tenant: Tenant, claim: Claim, nodes: Nodes
) -> None:
    await claim.elastic(True)
    nodes.taken[tenant.name, "team"] = 9 << 30
    await tenant.edit(storage={"size": "10Gi", "autoGrow": {"to": "15Gi", "above": 80}})
    await claim.asks("13Gi")
    await asyncio.sleep(1)
    await claim.asks("13Gi")
    await claim.resized("13Gi")
    nodes.taken[tenant.name, "team"] = 12 << 30
    await claim.asks("15Gi")
