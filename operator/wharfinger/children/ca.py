"""The Secret with the Registry's own certificate authority.

Rule: no pod mounts it; only the operator reads the key. A CA that was replaced stays beside it while it is trusted.
"""

from __future__ import annotations

from typing import Any

from wharfinger.children.owner import Owner, encoded
from wharfinger.children.render import manifest


def ca(owner: Owner, *, certificate: str, key: str, previous: str) -> dict[str, Any]:
    """Secret NAME-ca; all PEM. `previous` is the certificate of the CA before, or empty."""
    data = {"tls.crt": certificate, "tls.key": key} | ({"previous.crt": previous} if previous else {})
    return manifest("ca.yaml.j2", metadata=owner.metadata(owner.ca), data=encoded(data))
