"""Times, amounts and counts in words, and the words of others made safe to show.

Rule: pure; times come as RFC 3339 text or as aware datetimes, and `now` is an argument.
"""

from __future__ import annotations

from datetime import datetime, timedelta

_UNITS = ((86400 * 2, 86400, "d"), (3600 * 2, 3600, "h"), (60 * 2, 60, "m"), (0, 1, "s"))
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}
_BYTES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def visible(text: str) -> str:
    """Text of others without what a terminal would obey: Events and errors can hold escape sequences."""
    return text.translate(_CONTROLS)


def moment(text: str | None) -> datetime | None:
    """An RFC 3339 time; None for nothing, or for what is none."""
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def span(length: timedelta) -> str:
    """A length of time in one unit, as kubectl has it: 45s, 12m, 30h, 89d."""
    seconds = abs(int(length.total_seconds()))
    return next(f"{seconds // unit}{letter}" for least, unit, letter in _UNITS if seconds >= least)


def ago(text: str | None, now: datetime) -> str:
    """How long ago, or how soon, a time is; `-` for none."""
    time = moment(text)
    if time is None:
        return "-"
    return f"{span(now - time)} ago" if time <= now else f"in {span(time - now)}"


def amount(count: int) -> str:
    """A number of bytes for people: 1.5 GiB."""
    size = float(count)
    for unit in _BYTES:
        if size < 1024 or unit == _BYTES[-1]:
            return f"{count} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    raise AssertionError("the last unit takes every size")


def count(number: int, noun: str) -> str:
    """A number and its noun: 1 blob, 2 blobs."""
    plural = noun[:-1] + "ies" if noun.endswith("y") and noun[-2] not in "aeo" else noun + "s"
    return f"{number} {noun if number == 1 else plural}"
