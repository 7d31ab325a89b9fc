"""The Secret with the Registry's own certificate authority.

Rule: no pod mounts it; only the operator reads the keys. While a CA is being replaced, the one to come and those that
are trusted still lie beside it, so that one write takes a step of the rotation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wharfinger.children.owner import Owner, encoded
from wharfinger.children.render import manifest

ROTATION = "wharfinger.dev/rotation"
TRUSTED_UNTIL = "wharfinger.dev/trusted-until"


def ca(owner: Owner, *, data: Mapping[str, str], annotations: Mapping[str, str]) -> dict[str, Any]:
    """Secret NAME-ca; all PEM. `data` has tls.crt and tls.key, and what else a rotation keeps there."""
    kept = {name: text for name, text in annotations.items() if text}
    return manifest("ca.yaml.j2", metadata=owner.metadata(owner.ca, annotations=kept), data=encoded(data))
