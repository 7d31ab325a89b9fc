"""Findings: what one concern comes to, and the ordered checks that it comes from.

Rule: a policy is a tuple of checks over one frozen state; the first that has something to say decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from wharfinger.api.reasons import Reason

State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Finding:
    """A condition in the making: status, reason and a message that names the remedy."""

    status: Literal["True", "False", "Unknown"]
    reason: Reason
    message: str


def good(reason: Reason, message: str) -> Finding:
    """It is as it should be."""
    return Finding("True", reason, message)


def bad(reason: Reason, message: str) -> Finding:
    """It is not as it should be, or not yet."""
    return Finding("False", reason, message)


def unknown(reason: Reason, message: str) -> Finding:
    """It cannot be said."""
    return Finding("Unknown", reason, message)


def first(checks: Sequence[Callable[[State], Finding | None]], state: State) -> Finding:
    """The finding of the first check that has one. The last check of a policy must always have one."""
    for check in checks:
        if (finding := check(state)) is not None:
            return finding
    raise AssertionError("the last check of a policy always has a finding")
