"""The namespaces that pull Secrets are copied to: which there are, what was put there, and their ServiceAccounts.

Rule: only an operator that was installed to do so looks there. What it cannot read keeps it from nothing else: it says
so, and touches nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from wharfinger.decide.copies import noted, sources
from wharfinger.decide.observed import Elsewhere, Manifest
from wharfinger.kube.cache import Cache, Key, OnChange, Store, key_of, registry_of, trim
from wharfinger.kube.client import Client
from wharfinger.kube.informer import DEFAULT, Informer, Scope, Timing
from wharfinger.kube.resources import NAMESPACE, SECRET, SERVICE_ACCOUNT, SOURCE_REGISTRY, Resource


class Lookout:
    """Watches the other namespaces. `namespaces`: those that the operator works in; empty: all."""

    def __init__(
        self,
        client: Client,
        cache: Cache,
        on_change: OnChange,
        namespaces: tuple[str, ...] = (),
        timing: Timing = DEFAULT,
    ) -> None:
        self._cache = cache
        self._on_change = on_change
        self._ours = namespaces
        self._unanswered: set[Key] = set()  # who asked while there was nothing, or only trouble, to tell
        self._stores: dict[Resource, Store] = {
            NAMESPACE: Store(on_change, lambda _: self._asking()),
            SECRET: Store(on_change, self._of_copy),
            SERVICE_ACCOUNT: Store(on_change, self._of_account),
        }
        self._noted: dict[Key, Manifest] | None = None
        self.refused: dict[Key, Mapping[str, str]] = {}  # why a namespace did not take what a Registry sent
        labels = {SECRET: SOURCE_REGISTRY}
        self.informers = [
            Informer(client, resource, store, Scope(labels=labels.get(resource, "")), timing)
            for resource, store in self._stores.items()
        ]
        for informer in self.informers:
            informer.on_turn = self._tell_again

    def read(self, registry: Key) -> Elsewhere:
        """Return what concerns a Registry, which need not exist.

        Who is told that nothing is known yet, or why nothing can be, is told again when that is otherwise.
        """
        trouble, reading = self._state()
        if trouble or reading:
            self._unanswered.add(registry)
            return Elsewhere(trouble=trouble, reading=reading)
        accounts = (
            self._stores[SERVICE_ACCOUNT].objects if _asks(self._cache.registry(registry)) else self._with_notes()
        )
        copies = self._stores[SECRET].of(registry)
        return Elsewhere(
            namespaces=_pairs(self._stores[NAMESPACE].objects),
            copies={key_of(secret).namespace: secret for secret in copies},
            accounts=_pairs(accounts),
            refused=self.refused.get(registry, {}),
        )

    def _state(self) -> tuple[str, bool]:
        """What keeps us from reading, and whether something has not been listed yet."""
        trouble = next((found for informer in self.informers if (found := _trouble(informer))), "")
        return trouble, not trouble and not all(informer.synced.is_set() for informer in self.informers)

    def _tell_again(self) -> None:
        trouble, reading = self._state()
        if reading:
            return
        waiting, self._unanswered = self._unanswered, set()
        for registry in waiting | (set(self._asking()) if trouble else set()):
            self._on_change(registry)

    def put(self, resource: Resource, obj: Manifest) -> None:
        """Take in the response of our own write."""
        self._stores[resource].put(trim(obj, resource))

    def concerned(self) -> set[Key]:
        """Return every Registry that something was put elsewhere for."""
        found = {key for secret in self._stores[SECRET].objects.values() for key in self._of_copy(secret)}
        return found | {key for account in self._with_notes().values() for key in self._of_account(account)}

    def _with_notes(self) -> dict[Key, Manifest]:
        if self._noted is None:
            objects = self._stores[SERVICE_ACCOUNT].objects
            self._noted = {key: account for key, account in objects.items() if noted(account)}
        return self._noted

    def _asking(self, account: str = "") -> Iterator[Key]:
        """The Registries that ask for copies, or to have them named by ServiceAccounts of this name."""
        for registry in self._cache.registries():
            if _asks(registry) and (not account or account in _pull_secrets(registry).get("serviceAccounts", ())):
                yield key_of(registry)

    def _of_copy(self, secret: Manifest) -> Iterable[Key]:
        key = registry_of(secret)
        return () if key is None or not self._is_ours(key) else (key,)

    def _of_account(self, account: Manifest) -> Iterable[Key]:
        self._noted = None
        yield from (key for found in sources(account) if self._is_ours(key := Key(*found)))
        yield from self._asking(account["metadata"]["name"])

    def _is_ours(self, registry: Key) -> bool:
        return not self._ours or registry.namespace in self._ours


def _trouble(informer: Informer) -> str:
    """Why an informer has nothing to say; a connection that is lost for a while is no reason."""
    if informer.trouble and (not informer.synced.is_set() or "forbidden" in informer.trouble.lower()):
        return f"reading {informer.resource.plural} failed: {informer.trouble}"
    return ""


def _pairs(objects: Mapping[Key, Manifest]) -> dict[tuple[str, str], Manifest]:
    """A copy that stays as it is while it is decided upon in another thread."""
    return {(key.namespace, key.name): obj for key, obj in objects.items()}


def _pull_secrets(registry: Manifest) -> Mapping[str, Manifest]:
    found = (registry.get("spec") or {}).get("pullSecrets")
    return found if isinstance(found, Mapping) else {}


def _asks(registry: Manifest | None) -> bool:
    return registry is not None and _pull_secrets(registry).get("namespaceSelector") is not None
