"""The HTTPRoute that leads from a Gateway to the registry.

Rule: it sends everything that the hosts get to the registry's Service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wharfinger.children.owner import Owner
from wharfinger.children.render import manifest


def http_route(
    owner: Owner,
    *,
    parents: Sequence[Mapping[str, Any]],
    hosts: Sequence[str],
    port: int,
    annotations: Mapping[str, str],
) -> dict[str, Any]:
    """HTTPRoute NAME; `port` is the Service's."""
    return manifest(
        "http_route.yaml.j2",
        metadata=owner.metadata(owner.name, annotations=annotations),
        parents=parents,
        hosts=hosts,
        service=owner.name,
        port=port,
    )
