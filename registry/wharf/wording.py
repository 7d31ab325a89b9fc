"""Numbers and times in words, as every message of wharf has them.

Rule: for people only; programs get numbers.
"""

from __future__ import annotations


def count(number: int, noun: str, plural: str = "") -> str:
    """A number of things, in words."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or f'{noun}s'}"


def duration(seconds: float) -> str:
    """A time in its largest whole unit."""
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return count(int(seconds // length), unit)
    return "less than a minute"
