"""The Service that clients reach the registry by.

Rule: it exposes the registry's port alone; the admin port is reached at the pod.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wharfinger.children.owner import Owner
from wharfinger.children.render import manifest


def service(
    owner: Owner,
    *,
    port: int,
    tls: bool,
    node_port: int | None = None,
    annotations: Mapping[str, str],
    fields: Mapping[str, Any],
) -> dict[str, Any]:
    """Service NAME. `fields` are those of its spec that pass through as they are, `type` among them."""
    made = manifest(
        "service.yaml.j2",
        metadata=owner.metadata(owner.name, annotations=annotations),
        kind=fields["type"],
        port_name="https" if tls else "http",
        port=port,
        node_port=node_port,
        selector=owner.selector,
    )
    made["spec"] |= fields
    return made
