"""The PodDisruptionBudget of a registry for which another stands by.

Rule: a pod that is not ready is no reason to keep a node from being emptied.
"""

from __future__ import annotations

from typing import Any

from wharfinger.children.owner import Owner
from wharfinger.children.render import manifest


def pod_disruption_budget(owner: Owner) -> dict[str, Any]:
    """PodDisruptionBudget NAME: one pod stays."""
    return manifest("pod_disruption_budget.yaml.j2", metadata=owner.metadata(owner.name), selector=owner.selector)
