"""Reads and writes the text forms of amounts and times: quantities, durations, RFC 3339.

Rule: pure and exact. Quantities are Fractions, so nothing is lost in comparing them; bad text is a ParseError.
"""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction

_SUFFIXES: dict[str, Fraction] = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    "": Fraction(1),
    **{name: Fraction(1000**power) for power, name in enumerate("kMGTPE", 1)},
    **{f"{name}i": Fraction(1024**power) for power, name in enumerate("KMGTPE", 1)},
}
_QUANTITY = re.compile(r"([+-]?[0-9]+(?:\.[0-9]*)?|[+-]?\.[0-9]+)(?:([eE][+-]?[0-9]+)|([a-zA-Z]{0,2}))")
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|us|ns|h|m|s)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


class ParseError(ValueError):
    """Text is not of the form that it should have; the message shows an example."""


@functools.lru_cache(1024)
def quantity(text: str | int) -> Fraction:
    """The exact value of a Kubernetes quantity such as `10Gi`, `500m` or `1e3`.

    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
    """
    match = _QUANTITY.fullmatch(str(text))
    suffix = (match[3] or "") if match else ""
    if match is None or suffix not in _SUFFIXES:
        raise ParseError(f"{text!r} is not a quantity: write an amount such as 10Gi")
    return Fraction(match[1] + (match[2] or "")) * _SUFFIXES[suffix]


@functools.lru_cache(1024)
def duration(text: str) -> timedelta:
    """The length of a duration as Go writes it, such as `24h`, `1h30m` or `500ms`."""
    parts = _DURATION_PART.findall(text)
    if not parts or "".join(amount + unit for amount, unit in parts) != text:
        raise ParseError(f"{text!r} is not a duration: write an amount and a unit, such as 24h or 1h30m")
    try:
        return timedelta(seconds=sum(float(amount) * _UNITS[unit] for amount, unit in parts))
    except OverflowError as error:
        raise ParseError(f"{text!r} is too long a duration: write something below 100 years, such as 43800h") from error


def timestamp(text: str) -> datetime:
    """The moment that an RFC 3339 text names; it must carry an offset."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ParseError(f"{text!r} is not a time: write it as 2026-01-31T12:00:00Z") from error
    if moment.tzinfo is None:
        raise ParseError(f"{text!r} has no offset from UTC: write it as 2026-01-31T12:00:00Z")
    return moment.astimezone(UTC)


def rfc3339(moment: datetime) -> str:
    """A moment in the form that Kubernetes uses: UTC, whole seconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def size(amount: int) -> str:
    """A number of bytes for people: binary units, one decimal at most. A valid quantity, rounded."""
    value = float(amount)
    for unit in ("", "Ki", "Mi", "Gi", "Ti"):
        if value < 1024 or unit == "Ti":
            break
        value /= 1024
    text = f"{value:.1f}".removesuffix(".0") if value < 10 or unit in ("Gi", "Ti") else f"{value:.0f}"
    return f"{text}{unit}"
