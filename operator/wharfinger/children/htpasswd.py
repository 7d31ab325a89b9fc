"""The Secret with the password hashes, which the registry's pod mounts.

Rule: it holds hashes only. Its annotation says which version of which Secret each user's line was made from, so that
an unchanged password need not be verified again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from wharfinger.children.owner import Owner, encoded
from wharfinger.children.render import manifest

SOURCES = "wharfinger.dev/sources"
SHA256 = "wharfinger.dev/sha256"


def htpasswd(owner: Owner, *, text: str, sources: Mapping[str, str], sha256: str) -> dict[str, Any]:
    """Secret NAME-htpasswd; `sources` maps a user to the uid and resourceVersion of the Secret with the password.

    `sha256` is that of the text, so that a text which is not ours is found out.
    """
    annotations = {SOURCES: json.dumps(sources, sort_keys=True), SHA256: sha256}
    return manifest(
        "htpasswd.yaml.j2",
        metadata=owner.metadata(owner.htpasswd, annotations=annotations),
        data=encoded({"htpasswd": text}),
    )
