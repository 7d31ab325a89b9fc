"""The Ingress that lets clients outside the cluster in.

Rule: it sends everything to the registry's Service. How a controller speaks TLS to it is a matter of annotations, which
are each controller's own and therefore the user's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wharfinger.children.owner import Owner
from wharfinger.children.render import manifest


def ingress(
    owner: Owner,
    *,
    class_name: str | None,
    hosts: Sequence[str],
    port: str,
    secret: str | None,
    annotations: Mapping[str, str],
) -> dict[str, Any]:
    """Ingress NAME to the Service's port of this name.

    `secret` names the Secret with the certificate for clients; None means plain HTTP.
    """
    return manifest(
        "ingress.yaml.j2",
        metadata=owner.metadata(owner.name, annotations=annotations),
        class_name=class_name,
        hosts=hosts,
        secret=secret,
        service=owner.name,
        port_name=port,
    )
