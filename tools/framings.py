"""What becomes of a body in chunks: as HTTP's parser reads it alone, and as wharf reads it below, as far as that goes.

Rule: both are told in the same form, to be compared: the content, and the requests and refusals around it.
"""

from __future__ import annotations

from collections.abc import Iterable

import httptools

from wharf.http.framing import Chunks

HEAD = b"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


class Heard:
    """What a parser reports. `deaf`: while it is brought to where a body has come to."""

    def __init__(self) -> None:
        self.deaf = False
        self.said: list[bytes] = []
        self._url = b""
        self.content = b""

    def on_message_begin(self) -> None:
        """The beginning of a request."""
        self._url = b""

    def on_url(self, url: bytes) -> None:
        """A part of a request line."""
        self._url += url

    def on_body(self, body: bytes) -> None:
        """Content."""
        if not self.deaf:
            self.content += body

    def on_message_complete(self) -> None:
        """The end of a request."""
        self.said.append(self._url)


def by_the_parser(parts: Iterable[bytes]) -> tuple[bytes, list[bytes]]:
    """The content of a body that arrives in these parts; and the requests, its own first, that are whole or refused."""
    heard = Heard()
    parser = httptools.HttpRequestParser(heard)
    parser.feed_data(HEAD)
    return _fed(parser, heard, parts)


def by_chunks(parts: Iterable[bytes]) -> tuple[bytes, list[bytes]]:
    """The same by Chunks as long as they go, and by a new parser from there on."""
    heard, chunks, left = Heard(), Chunks(), iter(parts)
    for part in left:
        view = memoryview(bytearray(part))
        heard.content += view[: chunks.take(view)]
        if chunks.ended:
            break
    head, rest = chunks.resume()
    parser = httptools.HttpRequestParser(heard)
    heard.deaf = True
    parser.feed_data(head)
    heard.deaf = False
    return _fed(parser, heard, [rest, *left])


def _fed(parser: httptools.HttpRequestParser, heard: Heard, parts: Iterable[bytes]) -> tuple[bytes, list[bytes]]:
    for part in parts:
        try:
            parser.feed_data(part)
        except httptools.HttpParserError:
            heard.said.append(b"refused")
            break
    return heard.content, heard.said
