"""Requests and responses as the handlers see them, over the raw ASGI messages.

Rule: a request body is read as it arrives and never whole, except where a handler names a limit. Every wait for the
client has a deadline.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from wharf.auth.access import ANONYMOUS, Subject
from wharf.protocol.errors import Problem, RegistryError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping

    from wharf.http.connection import Connection
    from wharf.http.fast_answers import Candidate
    from wharf.http.services import Live
    from wharf.metadata.interface import Event

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

BODY_SILENCE = 60.0
"""Seconds without a byte of a body after which the client has stalled."""

QUERY_FIELDS = 256
"""Most query parameters that are looked at."""

FORWARDED = frozenset({b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"})
"""Headers by which a proxy says whose request it passes on (http/forwarding.py)."""

_HOST = re.compile(rb"[A-Za-z0-9._~%!$&'()*+,;=:\[\]-]{0,300}")  # RFC 3986, section 3.2.2; it is repeated in URLs


class ClientGoneError(Exception):
    """The client hung up before its request, or our answer, was complete. Nobody is left to answer."""


class Request:
    """One request. `name` and `reference` are what the route found in the path."""

    __slots__ = (
        "_query",
        "_receive",
        "body_ended",
        "candidate",
        "client",
        "connection",
        "headers",
        "http_version",
        "id",
        "live",
        "method",
        "name",
        "names_one_host",
        "path",
        "query_string",
        "received",
        "reference",
        "scheme",
        "silence",
        "stalled",
        "standing",
        "subject",
    )

    def __init__(self, scope: Message, receive: Receive, request_id: str) -> None:
        self.id = request_id
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.scheme: str = scope["scheme"]
        self.query_string: bytes = scope["query_string"]
        self.client: str = scope["client"][0] if scope.get("client") else ""
        self.headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))  # of a repeated header the first counts
        for name in FORWARDED & self.headers.keys():  # but a proxy may add a line of its own below the client's
            self.headers[name] = b",".join(value for other, value in scope["headers"] if other == name)
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        absent = not hosts and scope.get("http_version") == "1.0"
        self.names_one_host = absent or (len(hosts) == 1 and _HOST.fullmatch(hosts[0]) is not None)  # RFC 9112, 3.2
        ours = scope.get("extensions", {}).get("wharf", {})  # what http/connection.py adds
        self.http_version: str = scope.get("http_version", "1.1")
        self.candidate: Candidate | None = ours.get("candidate")
        self.connection: Connection | None = ours.get("connection")
        self.standing: Callable[[], bool] | None = None  # whether `subject` still stands; None: it cannot be told
        self.live: Live  # the settings that this request keeps to, whatever is reloaded meanwhile
        self.name = ""
        self.reference = ""
        self.subject: Subject = ANONYMOUS
        self.received = 0  # bytes of body
        self.body_ended = not self.has_body()
        self.stalled = False  # the client has stopped sending in the middle of the body
        self.silence = BODY_SILENCE
        self._receive = receive
        self._query: dict[str, list[str]] | None = None

    def header(self, name: bytes) -> str | None:
        """A header by its lower-case name."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    def content_length(self) -> int | None:
        """The announced length of the body in bytes; None when it comes in chunks or there is none."""
        value = self.headers.get(b"content-length")
        return int(value) if value is not None and value.isdigit() else None

    def has_body(self) -> bool:
        """Whether a body is announced."""
        return bool(self.content_length()) or b"transfer-encoding" in self.headers

    def query(self) -> dict[str, list[str]]:
        """The query parameters."""
        if self._query is None:
            try:
                text = self.query_string.decode("ascii")
                self._query = parse_qs(text, keep_blank_values=True, max_num_fields=QUERY_FIELDS)
            except ValueError as error:
                raise RegistryError(Problem.REQUEST_INVALID, "the query cannot be read") from error
        return self._query

    def parameter(self, name: str) -> str:
        """The first value of a query parameter; empty when it is absent."""
        return self.query().get(name, [""])[0]

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives. Raises ClientGoneError, and UPLOAD_TIMEOUT when the client stalls."""
        while not self.body_ended:
            try:
                async with asyncio.timeout(self.silence):
                    message = await self._receive()
            except TimeoutError as error:
                self.stalled = True
                raise RegistryError(Problem.UPLOAD_TIMEOUT) from error
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            body: bytes = message.get("body", b"")
            self.body_ended = not message.get("more_body", False)
            self.received += len(body)
            if body:
                yield body

    async def read(self, limit: int, problem: Problem) -> bytes:
        """The whole body; `problem` when it is longer than `limit` bytes."""
        if (self.content_length() or 0) > limit:
            raise RegistryError(problem)
        parts = bytearray()
        async for part in self.chunks():
            parts += part
            if len(parts) > limit:
                raise RegistryError(problem)
        return bytes(parts)

    async def wait_for_disconnect(self) -> None:
        """Return when the client has hung up, or the answer is complete."""
        while (await self._receive())["type"] != "http.disconnect":
            pass


def _forget() -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class FileBody:
    """A range of a file as the body of an answer. `size` is what the whole file must measure, in bytes.

    `prove`: asked with the open file whether its content is right; None, of it or as its answer: that is known.
    `doubt`: told that the file could not be had as it should be.
    """

    path: str
    size: int
    start: int
    length: int
    prove: Callable[[int], asyncio.Future[bool] | None] | None = None
    doubt: Callable[[], None] = _forget


@dataclass(slots=True)
class Response:
    """One answer: the body is bytes, part of a file, or a stream of `length` bytes.

    `replayable`: it follows from the request, its subject, the settings and the index alone, and has no effect but that
    webhooks are `told` of it, so that it may be given again (fast_answers).
    """

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    file: FileBody | None = None
    stream: AsyncIterator[bytes] | None = None
    length: int | None = None
    replayable: bool = False
    told: Event | None = None

    def content_length(self) -> int:
        """Bytes of body that a GET is answered with."""
        if self.length is not None:
            return self.length
        return self.file.length if self.file else len(self.body)


def error_response(error: RegistryError) -> Response:
    """The answer that an error is rendered as."""
    headers = [("Content-Type", "application/json"), *error.headers]
    return Response(error.problem.status, headers, error.body())


def first_line(text: str, limit: int = 200) -> str:
    """Text of a client, short enough and safe to be repeated to it."""
    return text[:limit].encode("ascii", "backslashreplace").decode()
