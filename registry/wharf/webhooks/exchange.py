"""A connection to an endpoint: HTTP/1.1 as far as telling of an event needs it, for a part of what a client for all
purposes costs (decision 32).

Rule: one request at a time. Of an answer little is read: what has no end in its headers is an error, and what has none
in its body ends the connection. Bytes that nobody asked for end it too.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import httptools

HEAD_LIMIT = 32 * 1024
"""Bytes before the body of an answer, those of interim answers (1xx) included."""

ANSWER_LIMIT = 4096
"""Bytes of body that are read, so that a short one leaves the connection usable."""

ANSWER_SECONDS = 1.0
"""For the body of an answer, whose status says all that counts."""

KEEPALIVE = 2.0
"""Seconds that an idle connection is kept: less than servers do, or the next event would find it closed."""

_LENIENT = {"lenient_headers": True, "lenient_optional_cr_before_lf": True, "lenient_spaces_after_chunk_size": True}
"""What endpoints get wrong and is understood all the same: the status counts, and nobody else reads the answer."""


class AnswerError(Exception):
    """What came is no answer. The message says why, and holds nothing of the request."""


class StaleError(AnswerError):
    """The endpoint ended an idle connection just when it was used again: the request has not been answered at all."""


@dataclass(slots=True)
class Answer:
    """What an endpoint said. `content` is how the body begins."""

    status: int = 0
    reason: str = ""
    retry_after: str = ""
    content: bytes = b""


class Connection(asyncio.Protocol):
    """One connection. Make it in the event loop, by whatever connects."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None  # None: there is no connection, or none any more
        self._waiting: asyncio.Future[Answer] | None = None
        self._timer: asyncio.TimerHandle | None = None  # for the body, and while idle
        self._asked = 0  # requests

    @property
    def usable(self) -> bool:
        """Whether another request may be sent."""
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, request: bytes) -> Answer:
        """Send a request; what is answered. Raises AnswerError. Who no longer waits has to abort()."""
        if self._transport is None:
            raise StaleError("the endpoint closed the connection")
        self._stop_timer()
        self._asked += 1
        self._parser = httptools.HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(**_LENIENT)
        self._answer = Answer()
        self._content = bytearray()
        self._received = self._head_bytes = 0
        self._in_head, self._complete, self._keeps = True, False, False
        self._waiting = self._loop.create_future()
        self._transport.write(request)
        return await self._waiting

    def abort(self) -> None:
        """End the connection now."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # uvloop's is no subclass
        """Begin."""
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """End. An answer may end so; one whose headers are not all in is none."""
        self._transport = None
        self._stop_timer()
        if self._waiting is None:
            return
        if not self._in_head:
            self._finish()
        elif self._asked > 1 and not self._received:
            self._fail(StaleError("the endpoint closed the connection"))
        else:
            self._fail(AnswerError(str(exc) if exc else "the endpoint closed the connection without an answer"))

    def data_received(self, data: bytes) -> None:
        """Read an answer."""
        if self._waiting is None:
            self.abort()
            return
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:  # it was not asked for: what follows is not HTTP
            self._in_head, self._keeps, self._complete = False, False, True
        except httptools.HttpParserError as error:
            self._keeps = False
            if self._in_head:
                self._fail(AnswerError(f"the endpoint's answer is not HTTP: {error}"))
                return
            self._complete = True
        if self._head_bytes > HEAD_LIMIT or (self._in_head and self._received > HEAD_LIMIT):
            self._fail(AnswerError(f"the endpoint's answer has more than {HEAD_LIMIT >> 10} KiB of headers"))
        elif self._complete or len(self._content) >= ANSWER_LIMIT or self._received > HEAD_LIMIT + ANSWER_LIMIT:
            self._finish()
        elif not self._in_head and self._timer is None:
            self._timer = self._loop.call_later(ANSWER_SECONDS, self._finish)

    def on_message_begin(self) -> None:
        """An answer begins; one more than was asked for ends the connection."""
        if self._complete:
            self._keeps = False
        elif self._in_head:
            self._answer.reason = ""

    def on_status(self, text: bytes) -> None:
        """Keep the reason, which may come in pieces."""
        self._head_bytes += len(text)
        if self._in_head:
            self._answer.reason += text.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header, and keep the one that says when to come again."""
        self._head_bytes += len(name) + len(value)
        if self._in_head and name.lower() == b"retry-after":
            self._answer.retry_after = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """The headers are in: of an interim answer, or of the one that counts."""
        status = self._parser.get_status_code()
        if self._in_head and (status >= 200 or status == 101):
            self._answer.status = status
            self._in_head = False
            self._keeps = self._parser.should_keep_alive()

    def on_body(self, body: bytes) -> None:
        """Keep what the body begins with."""
        if not self._complete:
            self._content += body[: ANSWER_LIMIT - len(self._content)]

    def on_message_complete(self) -> None:
        """An answer has ended."""
        if not self._in_head:
            self._complete = True

    def _finish(self) -> None:
        """Hand over the answer. The connection stays only when that was all of it."""
        waiting, self._waiting = self._waiting, None
        self._stop_timer()
        if not (self._complete and self._keeps):
            self.abort()
        else:
            self._timer = self._loop.call_later(KEEPALIVE, self.abort)
        if waiting is not None and not waiting.done():
            self._answer.content = bytes(self._content)
            waiting.set_result(self._answer)

    def _fail(self, error: AnswerError) -> None:
        waiting, self._waiting = self._waiting, None
        self.abort()
        if waiting is not None and not waiting.done():
            waiting.set_exception(error)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
