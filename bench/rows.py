"""What the name of a row says of its values, and how two of them compare. Rule: the unit ends the name."""

from __future__ import annotations


def smaller_is_better(row: str) -> bool:
    """Whether a row is a cost."""
    return row.endswith((" ms", ", MB")) or ", CPU " in row


def ratio(row: str, ours: float, theirs: float) -> float:
    """How many times better `ours` is."""
    better, worse = (theirs, ours) if smaller_is_better(row) else (ours, theirs)
    return better / worse
