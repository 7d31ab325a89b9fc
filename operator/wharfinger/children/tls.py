"""The Secret with the server certificate, which the registry's pod mounts.

Rule: certificate and key change together, in one write.
"""

from __future__ import annotations

from typing import Any

from wharfinger.children.owner import Owner, encoded
from wharfinger.children.render import manifest


def tls(owner: Owner, *, certificate: str, key: str, ca: str) -> dict[str, Any]:
    """Secret NAME-tls; all PEM. An empty `ca` leaves ca.crt out."""
    data = {"tls.crt": certificate, "tls.key": key} | ({"ca.crt": ca} if ca else {})
    return manifest("tls.yaml.j2", metadata=owner.metadata(owner.tls), data=encoded(data))
