"""The ConfigMap that publishes the certificates which clients should trust.

Rule: public facts only, so that anything in the namespace may mount it.
"""

from __future__ import annotations

from typing import Any

from wharfinger.children.owner import Owner
from wharfinger.children.render import manifest


def ca_bundle(owner: Owner, *, bundle: str) -> dict[str, Any]:
    """ConfigMap NAME-ca; `bundle` is PEM, the newest CA first."""
    return manifest("ca_bundle.yaml.j2", metadata=owner.metadata(owner.ca), bundle=bundle)
