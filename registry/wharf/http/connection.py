"""One connection of a client: uvicorn's HTTP protocol with the limits that it lacks (HTTP-SERVER.md).

Rule: a client that is slow, silent or greedy is bounded in time and in memory, before and after its headers are in; a
client that makes progress, however slowly, is left alone.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from wharf.http import framing

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application
    from uvicorn.config import Config
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
    from uvicorn.server import ServerState

    from wharf.http.fast_answers import Answers, Candidate
    from wharf.http.framing import Chunks, Length

HEADER_LIMIT = 32 * 1024
"""Bytes of request line and headers."""

HEADER_SECONDS = 15.0
"""From the first byte of a request to the end of its headers."""

IDLE_SECONDS = 75
"""Without a request on an open connection. containerd and Docker keep connections for about a minute."""

WRITE_SECONDS = 60.0
"""Without a byte of an answer taken by the client."""

CLOSE_SECONDS = 1.0
"""For a TLS client to say goodbye once wharf has; idle ones would otherwise hold up its end."""

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\ncontent-length: 87\r\n"
    b'connection: close\r\n\r\n{"errors":[{"code":"UNSUPPORTED","message":"request line and headers exceed 32768 B"}]}'
)


class Connection(HttpToolsProtocol):
    """HttpToolsProtocol with a cap on headers and deadlines for headers, silence and unread answers."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        answers: Answers | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._answers = answers
        self._candidate: Candidate | None = None
        self._answering: RequestResponseCycle | None = None  # while others may have come after it
        self._between = True  # requests: the parser waits for the first byte of one
        self._body_bytes = 0  # of the current request that the parser has read
        self.chunks: Chunks | None = None  # of the current body, where the parser stands; None: they are not known
        self._resuming = False  # the parser is told where it stands, and what it reports is no request
        self._heard = 0.0  # when a request was last answered without the parser
        self._header_bytes = 0  # of headers that the parser has read
        self._unparsed = 0  # bytes that were received while headers had no end
        self._requests = 0  # whose headers are in
        self._in_headers = True
        self._rejected = False
        self._deadline: asyncio.TimerHandle | None = None  # for the client to send
        self._drain: asyncio.TimerHandle | None = None  # for the client to take what we send

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._expect(IDLE_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timers, and what would keep this object in memory."""
        if self.scope is not None:
            self.scope.pop("extensions", None)
        for timer in (self._deadline, self._drain):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)
        if self._answering is not None:  # uvicorn tells only the request that came last
            self._answering.disconnected = not self._answering.response_complete
            self._answering.message_event.set()
        self._unset_keepalive_if_required()  # uvicorn keeps a reset connection, buffers and all, until it is due

    def data_received(self, data: bytes) -> None:
        """Parse, unless the headers have no end."""
        if self._rejected or (self._answers is not None and self._between and self._replay(self._answers, data)):
            return
        waiting, before = self._in_headers, self._requests
        self._parse(data)
        if self._candidate is not None:
            self._candidate.whole = self._between and self._requests == before + 1
            self._candidate = None
        # Where a request ended in these bytes, the parser does not say how many belong to the next: none are counted.
        if waiting and self._requests == before and not self._rejected:
            self._unparsed += len(data)
            if self._unparsed > HEADER_LIMIT:
                self._reject()

    def on_message_begin(self) -> None:
        """Begin to wait for the end of the headers."""
        if self._resuming:
            return
        super().on_message_begin()
        self._between = False
        self._in_headers = True
        self._header_bytes = 0
        self._expect(HEADER_SECONDS)

    def on_url(self, url: bytes) -> None:
        """Count and keep a part of the request line."""
        if self._resuming:
            return
        self._header_bytes += len(url)
        if self._header_bytes <= HEADER_LIMIT:
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count and keep a header. What comes below a body in chunks is none: a proxy has not looked at it."""
        if self._resuming or not self._in_headers:
            return
        self._header_bytes += len(name) + len(value) + len(b": \r\n")
        if self._header_bytes <= HEADER_LIMIT:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Start the request, or refuse it."""
        if self._resuming:
            return
        self._in_headers = False
        self._body_bytes = 0
        self._unparsed = 0
        self._requests += 1
        if self._deadline is not None:
            self._deadline.cancel()
        if self._header_bytes > HEADER_LIMIT:
            self._reject()
        else:
            self.scope["extensions"] = {"wharf": {"candidate": self._candidate, "connection": self}}
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Pass a part of a body on."""
        if not self._rejected and not self._resuming:
            self._body_bytes += len(body)
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Pass the end of a request on; what follows is the next one's headers."""
        if not self._rejected:
            super().on_message_complete()
            self.chunks = None
            self._in_headers = True
            self._between = True

    def body_is_coming(self, read: int) -> bool:
        """Whether hand_over() may be called: the current body is under way, and no more than `read` bytes are taken."""
        cycle = self.cycle
        return (
            not self._rejected
            and not self.pipeline
            and not self.transport.is_closing()
            and not cycle.disconnected
            and not cycle.response_started
            and cycle.more_body
            and read + len(cycle.body) == self._body_bytes
        )

    def hand_over(self, receiver: asyncio.BufferedProtocol) -> tuple[bytes, Chunks | None]:
        """Let `receiver` have the rest of the current body; what has come of it and was not taken, and its chunks."""
        cycle = self.cycle
        if cycle.waiting_for_100_continue:
            cycle.waiting_for_100_continue = False
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        first, cycle.body = bytes(cycle.body), bytearray()
        chunks, self.chunks = self.chunks, None
        self.transport.set_protocol(receiver)
        self.flow.resume_reading()
        return first, chunks

    def take_back(self, left: Length | Chunks) -> bool:
        """Read HTTP again, beginning with what is left of the current body; whether that was nothing."""
        cycle = self.cycle
        last = b"" if self.parser.should_keep_alive() else b"Connection: close\r\n"
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn has it
        self.transport.set_protocol(self)
        head, rest = left.resume(last)
        self._resuming = True
        self.parser.feed_data(head)  # reports the end of the request, if that is where it is
        self._resuming = False
        if rest:
            self.data_received(rest)
        return not cycle.more_body and not cycle.body

    def pause_writing(self) -> None:
        """Begin to watch whether the client takes anything."""
        super().pause_writing()
        self._watch_drain(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """The client has taken enough."""
        if self._drain is not None:
            self._drain.cancel()
        super().resume_writing()

    def shutdown(self) -> None:
        """Finish what is being answered; end the connection at once when nothing is."""
        super().shutdown()
        if self.transport.is_closing():
            self.loop.call_later(CLOSE_SECONDS, self.transport.abort)

    def timeout_keep_alive_handler(self) -> None:
        """End an idle connection; what was answered without the parser was a sign of life too."""
        left = self._heard + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self.timeout_keep_alive_task = self.loop.call_later(left, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def _parse(self, data: bytes) -> None:
        """Let the parser have it: headers to their end first, so that it is known where the chunks of a body begin."""
        end = data.find(b"\r\n\r\n") + 4 if self._in_headers else 0
        if end >= 4:
            super().data_received(data[:end])
            if self.transport.is_closing():
                return
            # An empty line that does not end headers is content, or ends a whole body.
            if not self._in_headers and not self._body_bytes:
                self.chunks = framing.chunks(self.headers)
            data = data[end:]
        if self.chunks is not None and not self.chunks.follow(data):
            self.chunks = None
        if data:
            super().data_received(data)

    def _replay(self, answers: Answers, data: bytes) -> bool:
        """Answer at once, if these bytes are a request whose answer is at hand; else remember to keep its answer."""
        if self.flow.write_paused or self.pipeline or not (self.cycle is None or self.cycle.response_complete):
            return False
        begun = time.perf_counter()
        candidate = answers.candidate(data)
        client = self.client[0] if self.client else ""
        replay = answers.find(candidate, client) if candidate is not None else None
        if replay is None:
            self._candidate = candidate
            return False
        self.transport.write(answers.give(replay, self.server_state.default_headers, client, begun))
        self.server_state.total_requests += 1
        self._heard = self.loop.time()
        if self.timeout_keep_alive_task is None:  # so far the timer of connection_made() ran
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        return True

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: the request is answered over HTTP/1.1, as the client has to expect."""

    def _expect(self, seconds: float) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, self._give_up)

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()

    def _watch_drain(self, before: int) -> None:
        self._drain = self.loop.call_later(WRITE_SECONDS, self._check_drain, before)

    def _check_drain(self, before: int) -> None:
        left = self.transport.get_write_buffer_size()
        if left < before:
            self._watch_drain(left)
        else:
            self.transport.abort()

    def _reject(self) -> None:
        self._rejected = True
        self.transport.write(_TOO_LARGE)
        self.transport.close()
