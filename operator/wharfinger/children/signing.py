"""The Secret with what a webhook's requests are signed with.

Rule: it holds every secret that signs now, so that a receiver can be given any of them. Replaced ones stay, each with
the time at which it ends, until then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wharfinger.children.owner import Owner, encoded
from wharfinger.children.render import manifest

SECRET = "secret"  # noqa: S105 - the name of a key, not a secret
PREVIOUS = "previous"
SOURCE = "wharfinger.dev/signing-source"
ROTATION = "wharfinger.dev/rotation"
ROTATED_AT = "wharfinger.dev/rotated-at"


def signing(
    owner: Owner, webhook: str, *, secret: str, previous: Sequence[tuple[str, str]], notes: dict[str, str]
) -> dict[str, Any]:
    """Secret WEBHOOK-signing. `previous`: replaced secrets and when they end; `notes`: annotations."""
    data = {SECRET: secret}
    if previous:
        data[PREVIOUS] = "".join(f"{old} {until}\n" for old, until in previous)
    annotations = {name: text for name, text in notes.items() if text}
    metadata = owner.metadata(owner.signing(webhook), annotations=annotations)
    return manifest("signing.yaml.j2", metadata=metadata, data=encoded(data))
