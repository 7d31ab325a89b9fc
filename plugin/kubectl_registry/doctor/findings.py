"""What the doctor says: one finding for each thing that was looked at.

Rule: a finding that is not `ok` says why; one that is broken says what it means and which command mends it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What became of a check."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `mend` holds commands and sentences, in the order to try them."""

    check: str
    verdict: Verdict
    message: str
    meaning: str = ""
    mend: tuple[str, ...] = ()

    def as_object(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "check": self.check,
            "verdict": self.verdict.value,
            "message": self.message,
            "meaning": self.meaning,
            "mend": list(self.mend),
        }


def ok(check: str, message: str) -> Finding:
    """All is well."""
    return Finding(check, Verdict.OK, message)


def warning(check: str, message: str, meaning: str, *mend: str) -> Finding:
    """It works, and may not for long or not for all."""
    return Finding(check, Verdict.WARNING, message, meaning, mend)


def broken(check: str, message: str, meaning: str, *mend: str) -> Finding:
    """It does not work."""
    return Finding(check, Verdict.BROKEN, message, meaning, mend)


def skipped(check: str, why: str, *mend: str) -> Finding:
    """It could not be looked at, or there is nothing to look at."""
    return Finding(check, Verdict.SKIPPED, why, "", mend)
