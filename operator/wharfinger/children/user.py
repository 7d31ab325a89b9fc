"""The Secret with a password that was generated.

Rule: it is the one place where a generated password is kept. While a rotation is under way the next password waits
beside the one in use, until every replica has loaded it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wharfinger.children.owner import Owner, encoded
from wharfinger.children.render import manifest

NEXT = "next-password"
ROTATION = "wharfinger.dev/rotation"
ROTATED_AT = "wharfinger.dev/rotated-at"
REVOKE = "wharfinger.dev/revoke"
REVOKING = "wharfinger.dev/revoking-since"


def user(owner: Owner, *, name: str, password: str, upcoming: str, notes: Mapping[str, str]) -> dict[str, Any]:
    """Secret NAME-user-USER. `notes` are the annotations: which texts of the spec are done with, and when."""
    metadata, data = contents(owner, name=name, password=password, upcoming=upcoming, notes=notes)
    return manifest("user.yaml.j2", metadata=metadata, data=data)


def contents(
    owner: Owner, *, name: str, password: str, upcoming: str, notes: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Metadata and data of a Secret with a generated password."""
    data = {"username": name, "password": password} | ({NEXT: upcoming} if upcoming else {})
    annotations = {key: text for key, text in notes.items() if text}
    return owner.metadata(owner.user(name), annotations=annotations), encoded(data)
