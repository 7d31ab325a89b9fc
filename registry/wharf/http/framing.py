"""How the rest of a body is framed, for those who take it from a connection below the parser of HTTP.

Rule: only what cannot be read in two ways is read here, and nothing is refused: a Length counts, and Chunks know a size
on a line of its own (RFC 9112, section 7.1). At anything else, the last chunk with it, they end, and tell how a parser
is brought to where they are: what an extension, a trailer or a mistake is worth is the parser's to say, and no other's.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LINE = re.compile(rb"\r\n([0-9A-Fa-f]{1,16})\r\n")
"""Between the data of two chunks: the end of one, and the size of the next, in no more digits than a parser adds up."""

_LONGEST = len("\r\n") + 16 + len("\r\n")

_BEGUN = re.compile(rb"(?:\r(?:\n(?:[0-9A-Fa-f]{1,16}\r?)?)?)?")
"""The beginning of such a line."""

CRUMB, CREDIT = 512, 64 << 10
"""Bytes that a chunk costs, and that a body has to spend beyond those that it brings. One in crumbs is the parser's: it
is written in C, and this is not.
"""


def chunks(headers: Iterable[tuple[bytes, bytes]]) -> Chunks | None:
    """The body of a request with these headers, their names in small letters; None where it is not plain chunks."""
    encodings = [value.lower() for name, value in headers if name == b"transfer-encoding"]
    return Chunks() if encodings == [b"chunked"] else None


class Length:
    """A body of which `left` bytes are to come."""

    def __init__(self, left: int) -> None:
        self.left = left

    @property
    def ended(self) -> bool:
        """Whether nothing more is to be read here."""
        return self.left == 0

    def most(self) -> int:
        """Bytes that may be read now."""
        return self.left

    def take(self, view: memoryview) -> int:
        """Take what was read; how many bytes of content `view` begins with."""
        self.left -= len(view)
        return len(view)

    def resume(self, header: bytes = b"") -> tuple[bytes, bytes]:
        """What brings a new parser here: of a request that it must not report, and then of the client's.

        `header`: a line for that request, where it matters what the client's had.
        """
        return b"PUT / HTTP/1.1\r\n%bContent-Length: %d\r\n\r\n" % (header, self.left), b""


class Chunks:
    """A body in chunks, from the beginning of the first on."""

    def __init__(self) -> None:
        self.ended = False  # what is next is not read here
        self._credit = CREDIT
        self._left = 0  # bytes of this chunk's data to come
        self._line = b"\r\n"  # what came after the data; before the first chunk it is as if there had been one

    def most(self) -> int:
        """Bytes that may be read now: any number."""
        return sys.maxsize

    def take(self, view: memoryview) -> int:
        """Take what was read; how many bytes of content `view` begins with, now that it has moved up to be in one."""
        size = 0
        for start, end in self._spans(view):
            if start > size:
                view[size : size + end - start] = view[start:end]
            size += end - start
        return size

    def follow(self, read: bytes) -> bool:
        """Take what somebody else reads; False when it is lost what is next."""
        for _ in self._spans(read):
            pass
        return not self.ended

    def resume(self, header: bytes = b"") -> tuple[bytes, bytes]:
        """As Length.resume()."""
        head = b"PUT / HTTP/1.1\r\n%bTransfer-Encoding: chunked\r\n\r\n" % header
        if self._left:
            return head + b"%x\r\n" % self._left, b""
        return head + b"1\r\n.", self._line

    def _spans(self, read: bytes | memoryview) -> Iterator[tuple[int, int]]:
        """Take what was read; where in it content begins and ends. To be exhausted."""
        at, length = 0, len(read)
        while at < length and not self.ended:
            if self._left:
                end = min(at + self._left, length)
                self._left -= end - at
                yield at, end
                at = end
            else:
                at = self._next(read, at)
        if self.ended:
            self._line += bytes(read[at:])

    def _next(self, read: bytes | memoryview, at: int) -> int:
        """Read the line before the next chunk's data, or what there is of it; where it ends."""
        known = len(self._line)
        line = self._line + bytes(read[at : at + _LONGEST - known])
        found = _LINE.match(line)
        if found and (size := int(found[1], 16)) and self._credit + size >= CRUMB:
            self._credit = min(CREDIT, self._credit + size - CRUMB)
            self._left, self._line = size, b""
            return at + found.end() - known
        if not found and _BEGUN.fullmatch(line):
            self._line = line
            return at + len(line) - known
        self.ended = True
        return at
