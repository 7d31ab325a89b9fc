"""When a password is replaced: the fields that users, and the operator's own robots, have in common.

Rule: what has been done about a text is remembered beside the password, so a restart rotates nothing.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from wharfinger.api.meta import Model, Rule, checked

_LEAST_EVERY = Rule(
    "duration(self) >= duration('1m')", "must be 1m or longer: write how often the password is replaced, such as 2160h"
)
_Text = Annotated[str, Meta(max_length=64)]


class Rotation(Model, frozen=True, kw_only=True):
    """When a password is replaced."""

    rotation: Annotated[
        _Text | None,
        Meta(
            description="Any new text here replaces a generated password now; the old one works until "
            "`rotationOverlap` is over."
        ),
    ] = None
    rotate_every: Annotated[
        Annotated[
            str,
            checked(_LEAST_EVERY, max_length=32, pattern=r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"),
        ]
        | None,
        Meta(description="Replace a generated password this long after it was last replaced, again and again."),
    ] = None
    revoke: Annotated[
        _Text | None,
        Meta(
            description="Any new text here ends every earlier password of the user, without an overlap, as soon as a "
            "new one is in place. One that comes from `passwordFrom` stays; only those before it end."
        ),
    ] = None
