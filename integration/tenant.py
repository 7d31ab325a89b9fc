"""A namespace with Registries in it, as somebody who may do everything there sees it.

Rule: it knows names and shapes of what users see, nothing of how the operator works.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import bcrypt

from integration.api import CHILDREN, CORE, OURS, Api, Object, eventually

_OURS = ((OURS, "registries"), (OURS, "registrywebhooks"))
_ROOTS = {plural: root for root, plural in (*_OURS, *CHILDREN)}


@dataclass(frozen=True)
class Tenant:
    """One namespace."""

    api: Api
    name: str

    async def create(self) -> Tenant:
        """Make the namespace."""
        await self.api.create(f"{CORE}/namespaces", {"metadata": {"name": self.name}})
        return self

    async def clear(self) -> None:
        """Take away what is in it, so that nobody has to do with it any more. (Nobody ends a namespace here.)"""
        for root, plural in (*_OURS, *CHILDREN, (CORE, "pods"), (CORE, "resourcequotas")):
            await self.api.request("DELETE", self.path(root, plural) + "?gracePeriodSeconds=0")

    def path(self, root: str, plural: str, name: str = "", sub: str = "") -> str:
        """The path of an object or a collection in this namespace."""
        return "/".join(part for part in (root, "namespaces", self.name, plural, name, sub) if part)

    async def registry(self, name: str = "team", **spec: Any) -> Object:
        """Create a Registry."""
        body = {
            "apiVersion": "wharfinger.dev/v1", "kind": "Registry", "metadata": {"name": name}, "spec": spec,
        }  # fmt: skip
        return await self.api.create(self.path(OURS, "registries"), body)

    async def edit(self, name: str = "team", **spec: Any) -> Object:
        """Change fields of a Registry's spec."""
        return await self.api.patch(self.path(OURS, "registries", name), {"spec": spec})

    async def condition(self, name: str = "team", kind: str = "Ready") -> Object:
        """A condition of a Registry; {} when it has none such."""
        found = await self.api.get(self.path(OURS, "registries", name)) or {}
        conditions = found.get("status", {}).get("conditions", [])
        return next((entry for entry in conditions if entry["type"] == kind), {})

    async def reaches(self, status: str, name: str = "team", *, kind: str = "Ready", seconds: float = 30) -> Object:
        """Wait until a condition of a Registry has a status for its present generation; the condition."""

        async def probe() -> Object | None:
            registry = await self.api.get(self.path(OURS, "registries", name)) or {}
            found = await self.condition(name, kind)
            assert found.get("status") == status, found
            assert found["observedGeneration"] == registry["metadata"]["generation"], found
            return found

        return await eventually(f"{self.name}/{name} is {kind}={status}", probe, seconds=seconds)

    async def says(self, text: str, name: str = "team", *, kind: str = "Ready", seconds: float = 30) -> Object:
        """Wait until a condition of a Registry holds a text in its message; the condition."""

        async def probe() -> Object | None:
            found = await self.condition(name, kind)
            assert text in found.get("message", ""), found
            return found

        return await eventually(f"{self.name}/{name} says {text!r} in {kind}", probe, seconds=seconds)

    async def secret(self, name: str) -> dict[str, str]:
        """What a Secret holds."""
        found = await self.api.get(self.path(CORE, "secrets", name)) or {}
        return {key: base64.b64decode(value).decode() for key, value in (found.get("data") or {}).items()}

    async def works(self, user: str = "admin", name: str = "team") -> bool:
        """Whether the password that the user's Secret holds is one that the registry takes."""
        password = (await self.secret(f"{name}-user-{user}")).get("password", "")
        lines = (await self.secret(f"{name}-htpasswd")).get("htpasswd", "").splitlines()
        hashes = [line.split(":")[1] for line in lines if line.startswith(f"{user}:")]
        return bool(password) and any(bcrypt.checkpw(password.encode(), hashed.encode()) for hashed in hashes)

    @staticmethod
    async def all_reach(tenants: Iterable[Tenant], status: str = "True", *, seconds: float = 100) -> None:
        """Wait until the Registry of each tenant is Ready (or not), asking for all of them at once."""
        waited = {tenant.name: tenant for tenant in tenants}
        api = next(iter(waited.values())).api

        async def probe() -> bool:
            for registry in await api.list(f"{OURS}/registries"):
                generation, found = registry["metadata"]["generation"], registry.get("status") or {}
                ready = [entry["status"] for entry in found.get("conditions") or () if entry["type"] == "Ready"]
                if ready == [status] and found.get("observedGeneration") == generation:
                    waited.pop(registry["metadata"]["namespace"], None)
            assert not waited, [(name, await tenant.condition()) for name, tenant in [*waited.items()][:3]]
            return True

        await eventually(f"all are Ready={status}", probe, seconds=seconds, pause=0.5)

    async def children(self) -> dict[str, Object]:
        """Everything that was made for Registries here, by `plural/name`."""
        selector = "?labelSelector=app.kubernetes.io%2Fmanaged-by%3Dwharfinger"
        return {
            f"{plural}/{obj['metadata']['name']}": obj
            for root, plural in CHILDREN
            for obj in await self.api.list(self.path(root, plural) + selector)
        }

    async def child(self, plural: str, name: str) -> Object | None:
        """A child."""
        return await self.api.get(self.path(_ROOTS[plural], plural, name))

    async def patch(self, plural: str, name: str, body: Object, how: str = "merge") -> Object:
        """Patch a child, as somebody who meddles."""
        return await self.api.patch(self.path(_ROOTS[plural], plural, name), body, how)

    async def remove(self, plural: str, name: str) -> None:
        """Delete a child, a Registry or a webhook."""
        await self.api.delete(self.path(_ROOTS[plural], plural, name))
