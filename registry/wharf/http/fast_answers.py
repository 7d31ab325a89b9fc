"""Answers that are given again to the same request, from below ASGI: what makes a manifest GET cheap.

Rule: an answer is replayed only when nothing that it came from has changed: the bytes of the request, the settings, the
index (which every process may commit to), and the credential, which is asked about each time. A replayed answer is
counted and logged like any other. Requests are known by a keyed hash, so no password is kept.

What may be replayed is what a handler calls `replayable`: an answer that has no other cause, and no effect but that
webhooks are `told` of it, each time.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import time
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from wharf import logs
from wharf.http.messages import FORWARDED, first_line
from wharf.metadata import request_ids
from wharf.metadata.interface import MetadataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from wharf.http.messages import Request, Response
    from wharf.http.services import Live, Services
    from wharf.metadata.interface import Event, LikePulls

REQUEST_LIMIT = 8 * 1024
"""Bytes of a request that may be replayed."""

ANSWER_LIMIT = 256 * 1024
"""Bytes of body of an answer that may be replayed."""

TOTAL_LIMIT = 8 << 20
"""Bytes of answers that are kept; the oldest go first."""

OVERHEAD = 1024
"""Bytes that an answer costs beside its body."""

SECONDS = 10.0
"""How long an answer is replayed before it is made anew: making it tells the index that content is in use."""

TOGETHER = 0.005
"""Seconds in which pulls count as of one moment, that of the first, and are told of together."""

_PLAIN_CONNECTION = frozenset({None, b"keep-alive", b"Keep-Alive"})
_FORBIDDEN = (b"content-length", b"transfer-encoding", b"expect", b"upgrade", b"x-request-id", b"te", b"trailer")

access_log = logging.getLogger("wharf.access")


@dataclass(slots=True)
class Candidate:
    """A request whose answer may be kept. `version` is the index's before it was answered."""

    key: bytes
    version: int
    whole: bool = False  # the bytes of `key` turned out to be one complete request


@dataclass(slots=True, eq=False)
class Replay:
    """An answer, cut where the date and the request id belong, and what has to stand for it to be given again."""

    status_line: bytes
    head: bytes
    tail: bytes
    live: Live
    version: int
    until: float  # by the clock of time.monotonic()
    standing: Callable[[], bool]
    login: bool
    labels: tuple[str, str, str]  # method, handler and status code, as the metrics have them
    sent: int
    only_for: str  # the peer that was believed about whose request this is; empty: no proxy had a say
    address: str  # the client of such a request
    log: dict[str, object]  # the fields of the access log that do not change
    told: Event | None = None  # what webhooks are to be told of each time

    def size(self) -> int:
        """Bytes of memory, about."""
        return OVERHEAD + len(self.tail)


_Given = tuple[Replay, str, str, float]
"""An answer that was given, the request's id, the client's address and the seconds that it took."""

_REPLAY_AND_CLIENT = itemgetter(0, 2)


class Answers:
    """The answers of one listener. `version` is the index's: another number means that something was committed."""

    def __init__(self, services: Services, version: Callable[[], int]) -> None:
        self._services = services
        self._version = version
        self._limit = REQUEST_LIMIT
        self._secret = os.urandom(32)
        self._kept: dict[bytes, Replay] = {}
        self._size = 0
        self._ids = request_ids.generate()
        self._given: list[_Given] = []
        self._telling = False  # webhooks are to be told of some of these
        self._untold: list[_Given] = []  # those of a moment, and when it began
        self._since = 0.0

    def end(self) -> None:
        """Answer nothing from here any more: answers are about to be others, in their headers."""
        self._limit = 0

    def candidate(self, data: bytes) -> Candidate | None:
        """What received bytes are known by, when they may be a request that is answered from here."""
        if len(data) > self._limit or not data.startswith((b"GET /v2/", b"HEAD /v2/")):
            return None
        try:
            version = self._version()
        except MetadataError:  # the request itself will find out
            return None
        return Candidate(hashlib.blake2b(data, digest_size=32, key=self._secret).digest(), version)

    def find(self, candidate: Candidate, peer: str) -> Replay | None:
        """The answer to give again to a client whose address is `peer`."""
        kept = self._kept.get(candidate.key)
        if kept is None:
            return None
        if (
            kept.version == candidate.version
            and kept.live is self._services.live
            and time.monotonic() < kept.until
            and kept.only_for in ("", peer)
            and kept.standing()
        ):
            return None if kept.told is not None and self._services.pulls.full else kept
        self._drop(candidate.key)
        return None

    def give(self, replay: Replay, headers: Sequence[tuple[bytes, bytes]], client: str, begun: float) -> bytes:
        """The bytes to send, with `headers` first; it is counted and logged a moment later, with others."""
        request_id = next(self._ids)
        parts = [replay.status_line, *(b"%b: %b\r\n" % header for header in headers)]
        parts += (replay.head, request_id.encode(), replay.tail)
        if not self._given:
            asyncio.get_running_loop().call_soon(self._account)
        if replay.told is not None:
            self._telling = True
        self._given.append((replay, request_id, replay.address or client, time.perf_counter() - begun))
        return b"".join(parts)

    def keep(
        self, request: Request, response: Response, headers: Sequence[tuple[bytes, bytes]], labels: tuple[str, str, str]
    ) -> None:
        """Keep an answer that has just been sent with these headers, if it may be replayed."""
        candidate, standing = request.candidate, request.standing
        if candidate is None or standing is None or not candidate.whole or not _replayable(request, response):
            return
        split = next(number for number, header in enumerate(headers) if header[0] == b"x-request-id")
        lines = [b"%b: %b\r\n" % header for header in headers]
        body = b"" if request.method == "HEAD" else response.body
        peer = request.connection.client[0] if request.connection and request.connection.client else ""
        forwarded = not FORWARDED.isdisjoint(request.headers)
        kept = Replay(
            status_line=STATUS_LINE[response.status],
            head=b"".join(lines[:split]) + b"x-request-id: ",
            tail=b"\r\n" + b"".join(lines[split + 1 :]) + b"\r\n" + body,
            live=request.live,
            version=candidate.version,
            until=time.monotonic() + SECONDS,
            standing=standing,
            login=b"authorization" in request.headers and not request.subject.anonymous,
            labels=labels,
            sent=len(body),
            only_for=peer if forwarded else "",
            address=request.client if forwarded else "",
            log=_log_fields(request, response.status, len(body)),
            told=response.told,
        )
        self._drop(candidate.key)
        self._kept[candidate.key] = kept
        self._size += kept.size()
        while self._size > TOTAL_LIMIT:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: bytes) -> None:
        gone = self._kept.pop(key, None)
        if gone is not None:
            self._size -= gone.size()

    def _account(self) -> None:
        """Count and log what was given since the last time."""
        given, self._given = self._given, []
        metrics, now = self._services.metrics, self._services.clock()
        if self._telling:
            self._telling = False
            self._hold(given, now)
        for replay, _, _, seconds in given:
            metrics.duration.observe(*replay.labels[:2], value=seconds)
        for (labels, sent, login), times in Counter((one.labels, one.sent, one.login) for one, *_ in given).items():
            metrics.requests.add(*labels, amount=times)
            metrics.request_size.observe(*labels[:2], value=0, times=times)
            metrics.response_size.observe(*labels[:2], value=sent, times=times)
            if login:
                metrics.logins.add("accepted", amount=times)
        if access_log.isEnabledFor(logging.INFO):
            lines = [
                {"request_id": request_id, "address": client, **replay.log, "seconds": round(seconds, 6)}
                for replay, request_id, client, seconds in given
            ]
            logs.info_many(access_log, "request", lines)

    def _hold(self, given: list[_Given], now: float) -> None:
        """Let webhooks be told of these with others of the same moment: a turn of the loop answers few."""
        if not self._untold:
            self._since = now
            self._services.pulls.hold(self._tell)
        self._untold += given
        if not 0 <= now - self._since < TOGETHER:
            self._tell()

    def _tell(self) -> None:
        given, self._untold = self._untold, []
        self._services.pulls.add(_told(given, self._since))


def _told(given: Sequence[_Given], now: float) -> Iterator[LikePulls]:
    """What webhooks are told of, with what those in a row have in common once."""
    for (replay, client), like in groupby(given, _REPLAY_AND_CLIENT):
        if replay.told is not None:
            run = list(like)
            for ids in request_ids.series(run[0][1], run[-1][1], len(run)):
                yield replay.told, ids, client, now


def _replayable(request: Request, response: Response) -> bool:
    return (
        response.replayable
        and len(response.body) <= ANSWER_LIMIT
        and request.http_version == "1.1"
        and request.headers.get(b"connection") in _PLAIN_CONNECTION
        and not any(name in request.headers for name in _FORBIDDEN)
    )


def _log_fields(request: Request, status: int, sent: int) -> dict[str, object]:
    return {
        "method": request.method,
        "path": first_line(request.path, 512),
        "status": status,
        "received": 0,
        "sent": sent,
        "user": request.subject.name,
        "agent": first_line(request.header(b"user-agent") or ""),
    }
