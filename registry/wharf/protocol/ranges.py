"""Byte ranges: `Range` on downloads (RFC 9110, section 14), `Content-Range` and `Range` on uploads.

Rule: registries write upload ranges without a unit, `0-99`, both ends included (distribution-spec, Pushing a blob in
chunks), and an upload without a byte as `0-0`, for clients expect it.
"""

from __future__ import annotations

import re

# Possessive: how many blanks there are between two parts is tried once, not in every way to divide thousands of them.
_ONE_RANGE = re.compile(r"bytes\s*+=\s*+(\d{0,19})\s*+-\s*+(\d{0,19})", re.ASCII | re.IGNORECASE)
_CHUNK = re.compile(r"(?:bytes[ =])?(\d{1,19})-(\d{1,19})(?:/(?:\d{1,19}|\*))?", re.ASCII)


class RangeError(ValueError):
    """The range does not overlap the content, or is no range at all."""


def requested(header: str | None, size: int) -> tuple[int, int] | None:
    """The (start, length) that a Range header asks for of `size` bytes; None: the whole.

    Several ranges, other units and things that are no range are ignored, as RFC 9110 allows. Raises RangeError when
    nothing of the range is there, also for `500-0`, which the conformance program wants refused.
    """
    match = _ONE_RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.group(1, 2) == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        length = min(int(last), size)
        if length == 0:
            raise RangeError(f"the last {last} bytes of {size}: there are none")
        return size - length, length
    start, end = int(first), min(int(last), size - 1) if last else size - 1
    if start >= size or end < start:
        raise RangeError(f"bytes {first}-{last} do not overlap the {size} bytes of the content")
    return start, end - start + 1


def chunk(header: str) -> tuple[int, int]:
    """The (start, length) of a chunk from its Content-Range; RangeError when it cannot be read."""
    match = _CHUNK.fullmatch(header.strip())
    if match is None or int(match[2]) < int(match[1]):
        raise RangeError("Content-Range must be <first>-<last>, both included, such as 0-1023")
    return int(match[1]), int(match[2]) - int(match[1]) + 1


def received(offset: int) -> str:
    """The Range header that tells a client how far its upload stands; `offset` in bytes."""
    return f"0-{max(offset - 1, 0)}"


def content_range(start: int, length: int, size: int) -> str:
    """The Content-Range of a 206 answer."""
    return f"bytes {start}-{start + length - 1}/{size}"
