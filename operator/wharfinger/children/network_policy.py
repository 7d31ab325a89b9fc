"""The NetworkPolicy that says who may connect to the registry's pod.

Rule: the kubelet's probes are never subject to it (Kubernetes exempts a pod's own node), and nothing is said of where
the pod may connect to, because webhooks go anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wharfinger.children.deployment import ADMIN_PORT
from wharfinger.children.owner import Owner
from wharfinger.children.render import manifest


def network_policy(
    owner: Owner, *, clients: Sequence[Mapping[str, Any]], admin_clients: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """NetworkPolicy NAME. Both take peers as Kubernetes has them; none: everyone."""
    return manifest(
        "network_policy.yaml.j2",
        metadata=owner.metadata(owner.name),
        selector=owner.selector,
        clients=clients,
        admin_clients=admin_clients,
        admin_port=ADMIN_PORT,
    )
