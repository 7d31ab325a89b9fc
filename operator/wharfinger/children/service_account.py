"""The ServiceAccount that the registry's pod runs as.

Rule: the pod never talks to the API server, so the account has no token and no rights.
"""

from __future__ import annotations

from typing import Any

from wharfinger.children.owner import Owner
from wharfinger.children.render import manifest


def service_account(owner: Owner) -> dict[str, Any]:
    """ServiceAccount NAME."""
    return manifest("service_account.yaml.j2", metadata=owner.metadata(owner.name))
