"""The PersistentVolumeClaim that content is kept on.

Rule: a claim that is to be retained has no owner, so that nothing deletes it with the Registry.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wharfinger.children.owner import Owner
from wharfinger.children.render import manifest


def claim(
    owner: Owner, *, size: str, access_modes: Sequence[str], storage_class: str | None, retain: bool
) -> dict[str, Any]:
    """PersistentVolumeClaim NAME; `storage_class` None asks for the cluster's default class."""
    return manifest(
        "claim.yaml.j2",
        metadata=owner.metadata(owner.name, owned=not retain),
        size=size,
        access_modes=access_modes,
        storage_class=storage_class,
    )
