"""One attempt to deliver, and what its outcome means.

Rule: an attempt ends within the webhook's timeout, connects only where webhooks may, follows no redirect, reads little
of the answer, and yields an Outcome, never an exception. What it says of a failure holds neither the URL nor a header:
those may carry secrets.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from wharf.webhooks import trust
from wharf.webhooks.dial import dial
from wharf.webhooks.exchange import AnswerError, Connection, StaleError
from wharf.webhooks.requests import Requests, UnusableError
from wharf.webhooks.signing import SigningError

if TYPE_CHECKING:
    from wharf.webhook_settings import Webhook
    from wharf.webhooks.exchange import Answer
    from wharf.webhooks.networks import Networks

KEPT_LIMIT = 512
"""Characters of a refusing answer that are kept beside the event."""

ERROR_LIMIT = 300
"""Characters of an error that are kept."""

_REDIRECTS = "redirects are not followed; give the webhook the final URL"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended: `error` is empty when the endpoint accepted.

    `retry_after`: seconds it asked to wait. `answer`: how the body of its refusal begins.
    """

    error: str = ""
    retry_after: float = 0.0
    answer: str = ""


class Endpoint:
    """Where a webhook's events go. Use it, and close() it, in one event loop."""

    def __init__(self, hook: Webhook, networks: Networks) -> None:
        self._hook = hook
        self._networks = networks
        self._broken = ""
        self._idle: list[Connection] = []
        self._context: ssl.SSLContext | None = None
        try:
            self._requests = Requests(hook)
            if self._requests.target.secure or hook.ca or hook.client_certificate:
                self._context = trust.context(hook)
        except (SigningError, UnusableError, trust.TrustError) as error:
            self._broken = str(error)

    async def close(self) -> None:
        """Close the connections."""
        while self._idle:
            self._idle.pop().abort()
        await asyncio.sleep(0)  # a transport is gone a turn later

    async def post(self, message: str, kind: str, body: bytes, now: float) -> Outcome:
        """Try once. `message` is the id that stays the same over attempts, `kind` the body's media type."""
        if self._broken:
            return Outcome(self._broken)
        try:
            request = self._requests.of(message, kind, body, now)
            async with asyncio.timeout(self._hook.timeout):
                return _outcome(await self._ask(request), now)
        except TimeoutError as error:
            return Outcome(str(error) or f"no answer within {self._hook.timeout:g} s")
        except ssl.SSLCertVerificationError as error:
            return Outcome(_short(f"the endpoint's certificate is not trusted: {error.verify_message or error}"))
        except (AnswerError, SigningError, OSError) as error:
            return Outcome(_short(str(error) or type(error).__name__))

    async def _ask(self, request: bytes) -> Answer:
        """What is answered to a request, on a connection that is kept, if one is still good."""
        while self._idle:
            connection = self._idle.pop()
            try:
                return await self._ask_on(connection, request)
            except StaleError:
                continue
        return await self._ask_on(await self._dial(), request)

    async def _ask_on(self, connection: Connection, request: bytes) -> Answer:
        answered = False
        try:
            answer = await connection.ask(request)
            answered = True
        finally:
            if not answered:  # who waits no longer must not be answered later
                connection.abort()
        if connection.usable:
            self._idle.append(connection)
        return answer

    async def _dial(self) -> Connection:
        seconds = min(self._hook.connect_timeout, self._hook.timeout)
        target = self._requests.target
        try:
            async with asyncio.timeout(seconds):
                return await dial(target, self._networks, self._context if target.secure else None)
        except TimeoutError as error:
            raise TimeoutError(f"no connection within {seconds:g} s") from error


def retry_after(value: str, now: float) -> float:
    """Seconds that a Retry-After header asks to wait (RFC 9110, 10.2.3); 0 when it says nothing."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:10])
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    return max(0.0, (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now)


def _outcome(answer: Answer, now: float) -> Outcome:
    if 200 <= answer.status < 300:
        return Outcome()
    error = _short(f"{answer.status} {answer.reason}".strip())
    if 300 <= answer.status < 400:
        error = f"{error}: {_REDIRECTS}"
    said = _printable(answer.content.decode(errors="replace"))[:KEPT_LIMIT]
    return Outcome(error, retry_after(answer.retry_after, now), said)


def _short(text: str) -> str:
    return _printable(text)[:ERROR_LIMIT]


def _printable(text: str) -> str:
    """What a stranger said, fit for a status page."""
    return "".join(character if character.isprintable() else " " for character in text)
