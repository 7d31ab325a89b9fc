"""What the informers have seen, with the indices that a reconcile asks for.

Rule: an object never goes back in time. Our own writes are put in at once; watch events that are older than what is
held, or than a deletion, are dropped.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from wharfinger.kube.resources import (
    CLAIM,
    DEFINITION,
    FIELD_MANAGER,
    FOREIGN,
    POD,
    REGISTRY,
    REGISTRY_LABEL,
    SOURCE_NAMESPACE,
    SOURCE_REGISTRY,
    WATCHED,
    WEBHOOK,
    Resource,
)
from wharfinger.kube.shelf import Shelf

Object = Mapping[str, Any]
_TOMBSTONES = 4096
_SHARED = (REGISTRY, WEBHOOK, POD, CLAIM)  # others write into these by right
_AT_HAND = (REGISTRY, WEBHOOK)  # looked through as a whole, so kept as they are


class Key(NamedTuple):
    """Names a Registry (there or not), and any object in its own type's store."""

    namespace: str
    name: str


OnChange = Callable[[Key], None]


def key_of(obj: Object) -> Key:
    """Return the namespace and name of an object."""
    metadata = obj["metadata"]
    return Key(metadata.get("namespace", ""), metadata["name"])


def version_of(obj: Object) -> int:
    """Return the resourceVersion as a number (comparable within a resource since KEP-5504, and in practice before)."""
    return int(obj["metadata"].get("resourceVersion") or 0)


def _lasting(obj: Object) -> dict[str, Any]:
    """The metadata without what every write changes."""
    return {name: value for name, value in obj["metadata"].items() if name not in ("resourceVersion", "managedFields")}


def registry_of(obj: Object) -> Key | None:
    """Return the Registry that an object concerns: itself, the one a webhook names, or the one on the labels of a child
    or of a copy in another namespace.
    """
    namespace, name = key_of(obj)
    if obj["kind"] == REGISTRY.kind:
        return Key(namespace, name)
    if obj["kind"] == WEBHOOK.kind:
        named = ((obj.get("spec") or {}).get("registryRef") or {}).get("name")
    else:
        labels = obj["metadata"].get("labels") or {}
        namespace, named = (
            labels.get(SOURCE_NAMESPACE, namespace),
            labels.get(SOURCE_REGISTRY, labels.get(REGISTRY_LABEL)),
        )
    return Key(namespace, named) if named else None


def _own(obj: Object) -> Iterable[Key]:
    registry = registry_of(obj)
    return () if registry is None else (registry,)


class _Facts(NamedTuple):
    """What is known of an object without reading it."""

    version: int
    registry: Key | None


_NONE = _Facts(0, None)


class Store:
    """The objects of one type, and which of them concern which Registry.

    `concerned` says whom `on_change` is told about; by default the Registry that the object itself points to.
    `at_hand`: whether they are kept ready to be read, all of them, again and again.
    """

    def __init__(
        self, on_change: OnChange, concerned: Callable[[Object], Iterable[Key]] = _own, *, at_hand: bool = False
    ) -> None:
        self.objects: MutableMapping[Key, Object] = {} if at_hand else Shelf()
        self._facts: dict[Key, _Facts] = {}
        self._by_registry: dict[Key, dict[Key, None]] = {}
        self._awaited: dict[Key, Any] = {}  # statuses that are being written
        self._graves: OrderedDict[Key, int] = OrderedDict()  # versions of deletions, so that no late event undoes one
        self._on_change = on_change
        self._concerned = concerned

    def of(self, registry: Key) -> list[Object]:
        """Return the objects that concern a Registry."""
        return [self.objects[key] for key in self._by_registry.get(registry, ())]

    @contextmanager
    def awaiting(self, key: Key, status: Any) -> Iterator[None]:
        """Say that this status is being written: that it is there, by whichever way one hears of it, is no news."""
        self._awaited[key] = status
        try:
            yield
        finally:
            self._awaited.pop(key, None)

    def put(self, obj: Object) -> None:
        """Take in an object from a list, an event or a write's response, unless something newer is known."""
        key, version = key_of(obj), version_of(obj)
        known = self._facts.get(key, _NONE)
        if version <= max(known.version, self._graves.get(key, 0)):
            return
        self._graves.pop(key, None)
        told, old = self._whom(key), self.objects.get(key) if key in self._awaited else None
        self._forget(key)
        facts = _Facts(version, registry_of(obj))
        self.objects[key], self._facts[key] = obj, facts
        if facts.registry is not None:
            self._by_registry.setdefault(facts.registry, {})[key] = None
        if not self._own_status(key, old, obj):
            self._tell({*told, *self._concerned(obj)})

    def _own_status(self, key: Key, old: Object | None, obj: Object) -> bool:
        """Whether nothing has changed but the status, and that as it is being written."""
        return (
            key in self._awaited
            and old is not None
            and obj.get("status") == self._awaited[key]
            and {**obj, "metadata": _lasting(obj), "status": None} == {**old, "metadata": _lasting(old), "status": None}
        )

    def drop(self, key: Key, version: int) -> None:
        """Take out an object that was deleted at `version`, unless it was created again since."""
        if self._facts.get(key, _NONE).version > version:
            return
        self._graves[key] = max(version, self._graves.pop(key, 0))
        if len(self._graves) > _TOMBSTONES:
            self._graves.popitem(last=False)
        self._lose(key)

    def replace(self, objects: Iterable[Object], version: int, namespace: str = "", *, rewound: bool = False) -> None:
        """Take in a whole list made at `version`: what it lacks (within `namespace`, if given) has been deleted.

        `rewound` says that versions begin anew: nothing that is held counts as newer.
        """
        if rewound:
            self._graves.clear()
            for key in [key for key in self.objects if namespace in ("", key.namespace)]:
                self._lose(key)
        listed = set()
        for obj in objects:
            listed.add(key_of(obj))
            self.put(obj)
        for key in [key for key in self.objects if key not in listed and namespace in ("", key.namespace)]:
            self.drop(key, version)

    def _lose(self, key: Key) -> None:
        told = self._whom(key)
        self._forget(key)
        self._tell(told)

    def _forget(self, key: Key) -> None:
        registry = self._facts.pop(key, _NONE).registry
        if key in self.objects:
            del self.objects[key]
        if registry is None:
            return
        group = self._by_registry[registry]
        del group[key]
        if not group:
            del self._by_registry[registry]

    def _whom(self, key: Key) -> Iterable[Key]:
        """Whom the object that is held concerns."""
        if self._concerned is not _own:
            return tuple(self._concerned(self.objects[key])) if key in self.objects else ()
        registry = self._facts.get(key, _NONE).registry
        return () if registry is None else (registry,)

    def _tell(self, registries: Iterable[Key]) -> None:
        for registry in set(registries):
            self._on_change(registry)


class Cache:
    """One store for each type that is, or may be, watched.

    `on_change` gets the key of every Registry that a change concerns.
    """

    def __init__(self, on_change: OnChange) -> None:
        self.stores: dict[Resource, Store] = {
            resource: Store(on_change, at_hand=resource in _AT_HAND) for resource in (*WATCHED, *FOREIGN)
        }

    def registry(self, key: Key) -> Object | None:
        """Return a Registry."""
        return self.stores[REGISTRY].objects.get(key)

    def webhooks(self, key: Key) -> tuple[Object, ...]:
        """Return the webhooks that name a Registry (which need not exist), ordered by name."""
        return tuple(sorted(self.stores[WEBHOOK].of(key), key=key_of))

    def pods(self, key: Key) -> tuple[Object, ...]:
        """Return a Registry's pods, ordered by name."""
        return tuple(sorted(self.stores[POD].of(key), key=key_of))

    def children(self, key: Key) -> dict[tuple[str, str], Object]:
        """Return a Registry's children by kind and name (pods are not children)."""
        stores = (store for resource, store in self.stores.items() if resource not in (REGISTRY, WEBHOOK, POD))
        return {(obj["kind"], obj["metadata"]["name"]): obj for store in stores for obj in store.of(key)}

    def child(self, registry: Key, resource: Resource, name: str) -> Object | None:
        """Return a Registry's child; one whose label names another Registry, or none, does not count."""
        found = self.stores[resource].objects.get(Key(registry.namespace, name))
        return found if found is not None and registry_of(found) == registry else None

    def put(self, resource: Resource, obj: Object) -> None:
        """Take in the response of our own write."""
        self.stores[resource].put(trim(obj, resource))

    def concerned(self) -> set[Key]:
        """Return the key of every Registry that is there or that a webhook names."""
        named = {registry_of(webhook) for webhook in self.stores[WEBHOOK].objects.values()}
        return set(self.stores[REGISTRY].objects) | {key for key in named if key is not None}

    def registries(self) -> Iterator[Object]:
        """Yield every Registry."""
        yield from self.stores[REGISTRY].objects.values()


def trim(obj: Object, resource: Resource) -> Object:
    """Return the object as the cache holds it: with the type that list items lack, and of managedFields only what
    somebody else manages in `spec` and `data`, which is nothing as a rule.
    """
    metadata = {name: value for name, value in obj["metadata"].items() if name != "managedFields"}
    if resource == DEFINITION:  # a schema can be megabytes
        served = [
            {key: version.get(key) for key in ("name", "served")} for version in obj["spec"].get("versions") or ()
        ]
        return {
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "metadata": metadata,
            "spec": {"versions": served},
        }
    entries = () if resource in _SHARED else obj["metadata"].get("managedFields") or ()
    if foreign := [*_foreign(entries)]:
        metadata["managedFields"] = foreign
    return {"apiVersion": resource.api_version, "kind": resource.kind, **obj, "metadata": metadata}


def _foreign(entries: Iterable[Object]) -> Iterator[Object]:
    for entry in entries:
        if entry.get("manager") == FIELD_MANAGER or entry.get("subresource"):
            continue
        fields = {name: value for name, value in entry.get("fieldsV1", {}).items() if name in ("f:spec", "f:data")}
        if fields:
            yield {"manager": entry.get("manager", ""), "fieldsV1": fields}
