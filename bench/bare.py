"""A client that applies finished manifests and does nothing else: the measure of what the API server can take.

Rule: it does what a bare client can do best: bodies are encoded before the clock starts, connections are kept, and
as many requests are under way as the operator has workers. Its objects carry another label than the operator's, so the
operator does not hear of them.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable, Iterator
from types import TracebackType

import aiohttp
from integration.api import CHILDREN, PATCHES, Object
from integration.control_plane import ControlPlane
from integration.tenant import Tenant

AGENT = "bare"
Body = tuple[str, Object]  # the path of an object, and its manifest
_KINDS = {
    "deployments": "Deployment", "services": "Service", "persistentvolumeclaims": "PersistentVolumeClaim",
    "secrets": "Secret", "configmaps": "ConfigMap", "serviceaccounts": "ServiceAccount",
    "networkpolicies": "NetworkPolicy",
}  # fmt: skip
_SET_BY_SERVER = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "finalizers")


async def finished(tenant: Tenant, namespace: str) -> list[Body]:
    """What would make all children in a namespace again in another one."""
    found = []
    for root, plural in CHILDREN:
        for child in await tenant.api.list(tenant.path(root, plural)):
            typed = {"apiVersion": root.removeprefix("/api/").removeprefix("/apis/"), "kind": _KINDS[plural], **child}
            path = Tenant(tenant.api, namespace).path(root, plural, child["metadata"]["name"])
            found.append((path, _again(typed, namespace)))
    return found


def _again(child: Object, namespace: str) -> Object:
    metadata = {key: value for key, value in child["metadata"].items() if key not in _SET_BY_SERVER}
    labels = {**metadata["labels"], "app.kubernetes.io/managed-by": AGENT}
    made = {key: value for key, value in child.items() if key != "status"}
    if child["kind"] == "Service":
        made["spec"] = {key: value for key, value in made["spec"].items() if not key.startswith("clusterIP")}
    return {**made, "metadata": {**metadata, "namespace": namespace, "labels": labels}}


class Bare:
    """The client. Use as an async context manager; `cpu` is the processor time that applying took, in seconds."""

    def __init__(self, plane: ControlPlane, workers: int) -> None:
        self._plane, self._workers = plane, workers
        self.cpu = 0.0

    async def __aenter__(self) -> Bare:
        connector = aiohttp.TCPConnector(ssl=self._plane.trust(), limit=0)
        headers = {"User-Agent": AGENT, "Content-Type": PATCHES["apply"]}
        self._session = aiohttp.ClientSession(
            self._plane.url, connector=connector, trust_env=False, headers=headers, raise_for_status=True
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def apply(self, bodies: Iterable[Body]) -> None:
        """Apply them all, in order, some at the same time."""
        requests = iter([(path, json.dumps(manifest).encode()) for path, manifest in bodies])
        begun = time.process_time()
        await asyncio.gather(*(self._work(requests) for _ in range(self._workers)))
        self.cpu += time.process_time() - begun

    async def _work(self, requests: Iterator[tuple[str, bytes]]) -> None:
        for path, body in requests:
            async with self._session.patch(f"{path}?fieldManager={AGENT}&force=true", data=body) as answer:
                await answer.read()
