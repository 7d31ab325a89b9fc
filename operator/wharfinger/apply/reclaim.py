"""Finds children of ours that lost their labels, before new ones are written over them.

Rule: without its label an object is not in the cache and looks deleted; a password made anew would end the one in use,
and anything else would be refused as somebody else's. So whatever seems missing is asked for by name first. It is ours
if the Registry owns it, or if nobody does, its label names nobody else, and the API server's record says that it was
applied by us. That costs a request only when something is missing from a Registry that was seen to before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from wharfinger.apply.refusal import Failure
from wharfinger.decide.observed import Manifest
from wharfinger.kube.cache import Cache, key_of
from wharfinger.kube.client import Client
from wharfinger.kube.errors import KubeError, NotFoundError
from wharfinger.kube.resources import FIELD_MANAGER, MANAGED_BY, REGISTRY_LABEL, Resource, resource_of


async def reclaim(
    client: Client, cache: Cache, registry: Manifest, wanted: Iterable[Manifest], failures: list[Failure]
) -> bool:
    """Give labels back to what lost them, and say whether there was any."""
    if not registry.get("status"):
        return False  # never seen to before: nothing of its own can be there
    named = [(resource_of(child["apiVersion"], child["kind"]), key_of(child).name) for child in wanted]
    missing = [entry for entry in named if cache.child(key_of(registry), *entry) is None]
    found = await asyncio.gather(*(_relabel(client, cache, registry, *entry) for entry in missing))
    failures.extend(result for result in found if isinstance(result, Failure))
    return any(result is True for result in found)


async def _relabel(client: Client, cache: Cache, registry: Manifest, resource: Resource, name: str) -> bool | Failure:
    namespace, registry_name = key_of(registry)
    label, _, value = MANAGED_BY.partition("=")
    try:
        there = await client.get(resource, namespace, name)
        if not _ours(there, registry):
            return False
        labels = {label: value, REGISTRY_LABEL: registry_name}
        patch = {"metadata": {"uid": there["metadata"]["uid"], "labels": labels}}
        cache.put(resource, await client.merge(resource, namespace, name, patch))
    except NotFoundError:
        return False
    except KubeError as error:
        return Failure(resource.kind, name, error)  # not knowing is no reason to overwrite
    return True


def _ours(there: Manifest, registry: Manifest) -> bool:
    metadata = there["metadata"]
    if "deletionTimestamp" in metadata:
        return False
    owners = metadata.get("ownerReferences") or ()
    if registry["metadata"]["uid"] in {owner.get("uid") for owner in owners}:
        return True
    named = (metadata.get("labels") or {}).get(REGISTRY_LABEL, key_of(registry).name)
    if named != key_of(registry).name or any(owner.get("controller") for owner in owners):
        return False
    applied = (entry for entry in metadata.get("managedFields") or () if entry.get("operation") == "Apply")
    return any(entry.get("manager") == FIELD_MANAGER and not entry.get("subresource") for entry in applied)
