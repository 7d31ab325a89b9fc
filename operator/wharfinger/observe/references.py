"""Objects that a spec names but that are not ours: Secrets, ConfigMaps and claims of the users.

Rule: nothing is read that no spec refers to. Each named object gets a watch of its own (one name, chosen by the
server), so an edit is seen at once, a steady state reads nothing, and no other Secret of the namespace is looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from wharfinger.decide.observed import Manifest
from wharfinger.kube.cache import Key, OnChange, Store
from wharfinger.kube.client import Client
from wharfinger.kube.errors import UnreachableError
from wharfinger.kube.informer import DEFAULT, Informer, Scope, Timing
from wharfinger.kube.resources import CLAIM, CONFIG_MAP, SECRET, Resource

_FIELDS: Mapping[str, Resource] = {"secretName": SECRET, "configMapName": CONFIG_MAP, "existingClaim": CLAIM}
_OPAQUE = {"pod"}  # part of a spec that is handed to Kubernetes as it is: its names are none of our business
_FIRST_LIST_SECONDS = 10.0
_REMEDY = "apply the release's ClusterRole again, or bind it in this namespace too"
_SHORT_WAIT_SECONDS = 2.0
Reference = tuple[Resource, str]


def referenced(manifests: Iterable[Manifest]) -> frozenset[Reference]:
    """Return all objects that the specs of these objects name."""
    return frozenset(found for manifest in manifests for found in _walk(manifest.get("spec") or {}))


def _walk(node: Any) -> Iterator[Reference]:
    if isinstance(node, Mapping):
        for name, value in node.items():
            if name in _FIELDS and isinstance(value, str) and value:
                yield _FIELDS[name], value
            elif name not in _OPAQUE:
                yield from _walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from _walk(value)


@dataclass(slots=True)
class _Watch:
    informer: Informer
    store: Store
    task: asyncio.Task[None]
    users: set[Key]


class References:
    """The named objects of all Registries. `on_change` gets the key of each Registry that a change concerns."""

    def __init__(self, client: Client, on_change: OnChange, timing: Timing = DEFAULT) -> None:
        self._client = client
        self._on_change = on_change
        self._timing = timing
        self._watches: dict[tuple[Resource, Key], _Watch] = {}
        self._wanted: dict[Key, frozenset[Reference]] = {}

    async def read(self, registry: Key, wanted: frozenset[Reference]) -> dict[Reference, Manifest | None]:
        """Return the named objects (None: missing), watching them from now on and no others for this Registry.

        One that may not be read counts as missing, and `forbidden` says why. Raises UnreachableError when one cannot be
        listed in time; what belongs to no namespace is left out then, as an
        operator that is confined to some namespaces may not be allowed to see it.
        """
        self._follow(registry, wanted)
        watches = {reference: self._watches[reference[0], _key(registry, reference)] for reference in wanted}
        needed = [watch for (resource, _), watch in watches.items() if not resource.cluster]
        try:
            async with asyncio.timeout(_FIRST_LIST_SECONDS):
                for watch in needed:
                    await _read(watch.informer)
        except TimeoutError:
            troubles = "; ".join(sorted({watch.informer.trouble for watch in needed} - {""}))
            raise UnreachableError(f"reading what the spec names: {troubles or 'no answer in time'}") from None
        for watch in watches.values():
            await _settled(watch.informer)
        return {
            reference: watch.store.objects.get(_key(registry, reference))
            for reference, watch in watches.items()
            if watch.informer.synced.is_set() or not reference[0].cluster
        }

    def forbidden(self, registry: Key) -> dict[tuple[str, str], str]:
        """Return why what a Registry names may not be read, by kind and name: what is said of it, and the way out."""
        return {
            (resource.kind, name): f"the operator may not read it ({why}): {_REMEDY}"
            for resource, name in self._wanted.get(registry, ())
            if not resource.cluster
            and (why := self._watches[resource, _key(registry, (resource, name))].informer.forbidden)
        }

    def forget(self, registry: Key) -> None:
        """Stop watching what only this Registry named."""
        self._follow(registry, frozenset())

    async def close(self) -> None:
        """End all watches."""
        tasks = [watch.task for watch in self._watches.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _follow(self, registry: Key, wanted: frozenset[Reference]) -> None:
        before = self._wanted.pop(registry, frozenset())
        if wanted:
            self._wanted[registry] = wanted
        for resource, name in wanted - before:
            self._start(resource, _key(registry, (resource, name))).users.add(registry)
        for resource, name in before - wanted:
            watch = self._watches[resource, _key(registry, (resource, name))]
            watch.users.discard(registry)
            if not watch.users:
                watch.task.cancel()
                del self._watches[resource, _key(registry, (resource, name))]

    def _start(self, resource: Resource, key: Key) -> _Watch:
        if (resource, key) not in self._watches:
            users: set[Key] = set()
            store = Store(self._on_change, lambda _: tuple(users))
            scope = Scope(namespace=key.namespace, fields=f"metadata.name={key.name}")
            informer = Informer(self._client, resource, store, scope, self._timing)
            task = asyncio.create_task(informer.run(), name=f"watch {resource.kind} {key.namespace}/{key.name}")
            self._watches[resource, key] = _Watch(informer, store, task, users)
        return self._watches[resource, key]


def _key(registry: Key, reference: Reference) -> Key:
    resource, name = reference
    return Key("" if resource.cluster else registry.namespace, name)


async def _read(informer: Informer) -> None:
    """Wait for the first list, or for the word that there will be none."""
    await informer.tried.wait()
    if not informer.forbidden:
        await informer.synced.wait()


async def _settled(informer: Informer) -> None:
    """Wait a moment for the first list, or for its failure."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_SHORT_WAIT_SECONDS):
            await informer.tried.wait()
