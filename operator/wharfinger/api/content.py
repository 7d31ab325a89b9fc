"""What a registry does with the content that it keeps: when garbage goes, what a push survives, what clients are told.

Rule: each is a setting of the registry's own configuration; what is absent here is as wharf has it.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from wharfinger.api.meta import Duration, Model, Rule, checked

DEFAULT_GRACE = "24h"
DEFAULT_LIFETIME = "5m"


def _field(numbers: str) -> str:
    """The pattern of one field of a schedule: values as `numbers` matches one, ranges, steps, and lists of these."""
    part = rf"([*]|({numbers})(-({numbers}))?)(/[0-9]?[1-9]|/[1-9]0)?"
    return f"{part}(,{part})*"


_MONTH = "0?[1-9]|1[0-2]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_WEEKDAY = "0?[0-7]|sun|mon|tue|wed|thu|fri|sat"
SCHEDULE = (
    "^("
    + " ".join(_field(numbers) for numbers in ("[0-5]?[0-9]", "[01]?[0-9]|2[0-3]", "0?[1-9]|[12][0-9]|3[01]"))
    + f" {_field(_MONTH)} {_field(_WEEKDAY)}|@(hourly|daily|midnight|weekly|monthly|yearly|annually))$"
)

Schedule = Annotated[
    str,
    checked(
        Rule(
            f"self.matches('{SCHEDULE}')",
            "not a schedule: write minute, hour, day of month, month and day of week, in UTC, such as 0 3 * * *, or "
            "@daily",
        ),
        min_length=1,
        max_length=128,
    ),
]


class GarbageCollection(Model, frozen=True, kw_only=True):
    """When what nothing needs any more is removed. What a push under way may count on stays in any case."""

    rules: ClassVar = (
        Rule(
            "duration(self.gracePeriod) >= duration('10m')",
            "gracePeriod is what a push may take: make it 10m or more",
            field_path=".gracePeriod",
        ),
    )

    schedule: Annotated[
        Schedule | None,
        Meta(
            description="When to collect, as cron has it, in UTC. A run that was missed is made up for, once. Default: "
            "once an hour."
        ),
    ] = None
    grace_period: Annotated[
        Duration, Meta(description="How long content stays that nothing needs, and a deletion can be undone.")
    ] = DEFAULT_GRACE
    untagged: Annotated[
        Literal["Keep", "Delete"],
        Meta(description="What becomes of manifests that no tag, and no tagged index or subject, keeps."),
    ] = "Keep"


class Tokens(Model, frozen=True, kw_only=True):
    """Bearer tokens, which clients get for a password at the registry's own token endpoint."""

    rules: ClassVar = (
        Rule(
            "duration(self.lifetime) >= duration('1m') && duration(self.lifetime) <= duration('1h')",
            "a token lives from 1m to 1h: set lifetime between them",
            field_path=".lifetime",
        ),
    )

    challenge: Annotated[
        Literal["Basic", "Bearer"],
        Meta(description="What clients without credentials are asked for: the password itself, or a token for it."),
    ] = "Basic"
    lifetime: Annotated[
        Duration, Meta(description="How long a token lives; it ends with its password in any case.")
    ] = DEFAULT_LIFETIME


Proxy = Annotated[
    str, checked(Rule("isCIDR(self) || isIP(self)", "not an address or a network: write 192.0.2.0/24"), max_length=64)
]
Notice = Annotated[
    str,
    checked(
        Rule("self.matches('^[ -~]*$')", "a notice is one line of printable ASCII: shorten it to a sentence"),
        min_length=1,
        max_length=256,
    ),
]
