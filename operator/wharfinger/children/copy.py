"""A copy of the pull Secret in another namespace.

Rule: it holds the login and nothing else; its labels say which Registry it belongs to, for no owner reference can cross
namespaces. A dot in its name keeps it apart from the children of a Registry, which have none there.
"""

from __future__ import annotations

from typing import Any

from wharfinger.children.docker import KEY
from wharfinger.children.owner import SOURCE_NAMESPACE, SOURCE_REGISTRY, Owner, encoded
from wharfinger.children.render import manifest


def copy(owner: Owner, namespace: str, document: bytes) -> dict[str, Any]:
    """Secret REGISTRY.NAMESPACE-pull, in another namespace."""
    labels = {SOURCE_NAMESPACE: owner.namespace, SOURCE_REGISTRY: owner.name}
    metadata = {"name": owner.copy, "namespace": namespace, "labels": labels}
    return manifest("copy.yaml.j2", metadata=metadata, data=encoded({KEY: document}))


def source_of(name: str, namespace: str) -> tuple[str, str]:
    """Namespace and name of the Registry that a Secret for pulling belongs to, if it is one of ours."""
    registry, dot, source = name.removesuffix("-pull").partition(".")
    return (source, registry) if dot else (namespace, registry)
