"""Uploads as bytes: how their bodies are framed, and what the registry has of them.

Rule: a body is framed as real clients frame it; what is wrong with one is written where it is tested.
"""

from __future__ import annotations

import hashlib
import itertools
from typing import Any

from tools.raw_http import message

UPLOADS = "/v2/fast/app/blobs/uploads/"


class Length:
    """A body whose length is announced."""

    end = b""

    def head(self, length: int) -> str:
        """The header that announces it."""
        return f"Content-Length: {length}"

    def part(self, content: bytes) -> bytes:
        """A part of it."""
        return content


class Chunks:
    """A body in chunks of many sizes, some of them no larger than what frames them."""

    end = b"0\r\n\r\n"

    def head(self, length: int) -> str:
        """The header that announces it."""
        del length
        return "Transfer-Encoding: chunked"

    def part(self, content: bytes) -> bytes:
        """A part of it."""
        framed, left = [], memoryview(content)
        for size in itertools.cycle([9000, 1, 32_768, 5, 100_000, 400, 16]):
            if not left:
                break
            part, left = bytes(left[:size]), left[size:]
            framed.append(b"%x\r\n%b\r\n" % (len(part), part))
        return b"".join(framed)


def sha(content: bytes) -> str:
    """The digest of content."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def put(form: Length | Chunks, session: str, content: bytes, *lines: str) -> bytes:
    """The head of a request that ends a session with this content."""
    return message("PUT", f"{session}?digest={sha(content)}", *lines, form.head(len(content)))


def begin(registry: Any) -> str:
    """Begin a session; its path."""
    answer = registry.request("POST", UPLOADS)
    assert answer.status == 202
    return str(answer.headers["Location"])


def offset(registry: Any, session: str) -> int:
    """Bytes that a session is said to have."""
    return int(registry.request("GET", session).headers["Range"].removeprefix("0-")) + 1


def stored(registry: Any, content: bytes) -> bool:
    """Whether content is stored, and served as it is."""
    return bool(registry.request("GET", f"/v2/fast/app/blobs/{sha(content)}").body == content)
