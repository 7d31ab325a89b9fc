"""cert-manager's Certificate, which asks it for the server certificate.

Rule: what cert-manager issues goes into a Secret of its own, which is checked before it is served.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wharfinger.children.owner import Owner
from wharfinger.children.render import manifest


def certificate(
    owner: Owner, *, issuer: Mapping[str, str], names: Sequence[str], addresses: Sequence[str]
) -> dict[str, Any]:
    """Certificate NAME; `issuer` is cert-manager's issuerRef."""
    return manifest(
        "certificate.yaml.j2",
        metadata=owner.metadata(owner.name),
        secret=owner.certificate,
        issuer=issuer,
        names=names,
        addresses=addresses,
    )
