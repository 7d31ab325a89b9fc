"""Kinds that others bring to a cluster: cert-manager's Certificate, the Gateway API's routes.

Rule: no watch that must fail. A kind is watched once a Registry asks for it, and only while its definition is there in
the version that the operator speaks; without it the decision is told that the kind is absent. When the definition
comes or goes, its own watch says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from wharfinger.decide.observed import Manifest
from wharfinger.kube.cache import Cache, Key
from wharfinger.kube.client import Client
from wharfinger.kube.errors import UnreachableError
from wharfinger.kube.informer import DEFAULT, Informer, Scope, Timing
from wharfinger.kube.resources import BACKEND_TLS_POLICY, CERTIFICATE, HTTP_ROUTE, MANAGED_BY, Resource

_FIRST_LIST_SECONDS = 10.0


def asked(registry: Manifest) -> frozenset[Resource]:
    """Return the kinds that a Registry's spec asks for, or that its status says it made something of."""
    spec, status = registry.get("spec") or {}, registry.get("status") or {}
    found: set[Resource] = set()
    if _at(spec, "tls").get("issuer") == "CertManager" or _at(status, "certificate").get("issuer") == "CertManager":
        found.add(CERTIFICATE)
    if spec.get("gateway") or _at(status, "exposure").get("httpRouteName"):
        found |= {HTTP_ROUTE, BACKEND_TLS_POLICY}
    return frozenset(found)


def _at(node: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = node.get(name)
    return value if isinstance(value, Mapping) else {}


def served(definition: Manifest | None, resource: Resource) -> bool:
    """Whether a CustomResourceDefinition serves the version that the operator speaks."""
    version = resource.api_version.partition("/")[2]
    versions = ((definition or {}).get("spec") or {}).get("versions") or ()
    return any(one.get("name") == version and one.get("served") for one in versions)


class ForeignKinds:
    """Watches of such kinds, which fill the cache. Empty `namespaces` mean all."""

    def __init__(
        self, client: Client, cache: Cache, namespaces: tuple[str, ...] = (), timing: Timing = DEFAULT
    ) -> None:
        self._client = client
        self._cache = cache
        self._namespaces = namespaces or ("",)
        self._timing = timing
        self._informers: dict[Resource, dict[Informer, asyncio.Task[None]]] = {}
        self._users: dict[Key, frozenset[Resource]] = {}

    async def follow(self, registry: Key, kinds: frozenset[Resource], known: frozenset[Resource]) -> None:
        """Watch these kinds for this Registry from now on, as far as the cluster knows them.

        Raises UnreachableError when one cannot be listed in time.
        """
        self._users[registry] = kinds
        for gone in kinds - known:
            self._stop(gone)
        for kind in kinds & known:
            self._start(kind)
        self._stop_unused()
        waiting = [informer for kind in kinds & known for informer in self._informers[kind]]
        try:
            async with asyncio.timeout(_FIRST_LIST_SECONDS):
                for informer in waiting:
                    await informer.synced.wait()
        except TimeoutError:
            troubles = "; ".join(sorted({informer.trouble for informer in waiting} - {""}))
            raise UnreachableError(f"reading {troubles or 'kinds that others bring: no answer in time'}") from None

    def forget(self, registry: Key) -> None:
        """Stop watching what only this Registry asked for."""
        if self._users.pop(registry, None):
            self._stop_unused()

    async def close(self) -> None:
        """End all watches."""
        tasks = [task for informers in self._informers.values() for task in informers.values()]
        self._informers.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, kind: Resource) -> None:
        if kind in self._informers:
            return
        store = self._cache.stores[kind]
        informers = [
            Informer(self._client, kind, store, Scope(namespace, MANAGED_BY), self._timing)
            for namespace in self._namespaces
        ]
        self._informers[kind] = {
            informer: asyncio.create_task(informer.run(), name=f"watch {kind.plural}") for informer in informers
        }

    def _stop_unused(self) -> None:
        if not self._informers:
            return  # as in most clusters: nothing is looked for among all Registries, at each look at one
        for kind in set(self._informers) - {kind for kinds in self._users.values() for kind in kinds}:
            self._stop(kind)

    def _stop(self, kind: Resource) -> None:
        for task in self._informers.pop(kind, {}).values():
            task.cancel()
        if self._cache.stores[kind].objects:
            self._cache.stores[kind].replace([], 0, rewound=True)
