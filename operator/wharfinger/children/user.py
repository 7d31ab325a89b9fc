"""The Secret with a password that was generated.

Rule: it is the one place where a generated password is kept. While a rotation is under way the next password waits
beside the one in use, until every replica has loaded it.
"""

from __future__ import annotations

from typing import Any

from wharfinger.children.owner import Owner, encoded
from wharfinger.children.render import manifest

NEXT = "next-password"
ROTATION = "wharfinger.dev/rotation"
ROTATED_AT = "wharfinger.dev/rotated-at"


def user(owner: Owner, *, name: str, password: str, upcoming: str, rotation: str, rotated_at: str) -> dict[str, Any]:
    """Secret NAME-user-USER. `rotation` is the text of the spec that the newest password belongs to."""
    data = {"username": name, "password": password} | ({NEXT: upcoming} if upcoming else {})
    annotations = {ROTATION: rotation, ROTATED_AT: rotated_at}
    return manifest(
        "user.yaml.j2",
        metadata=owner.metadata(owner.user(name), annotations={k: v for k, v in annotations.items() if v}),
        data=encoded(data),
    )
