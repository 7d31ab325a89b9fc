"""The BackendTLSPolicy that tells a Gateway how to speak TLS to the registry.

Rule: the registry's certificate is verified, by its own CA where it has one.
"""

from __future__ import annotations

from typing import Any

from wharfinger.children.owner import Owner
from wharfinger.children.render import manifest


def backend_tls_policy(owner: Owner, *, host: str, own_ca: bool) -> dict[str, Any]:
    """BackendTLSPolicy NAME; `host` is a name in the certificate, `own_ca` says that ConfigMap NAME-ca has its CA."""
    return manifest(
        "backend_tls_policy.yaml.j2",
        metadata=owner.metadata(owner.name),
        service=owner.name,
        host=host,
        own_ca=own_ca,
        config_map=owner.ca,
    )
