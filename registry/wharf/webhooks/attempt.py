"""One attempt to deliver, and what its outcome means.

Rule: an attempt ends within the webhook's timeout, connects only where webhooks may, follows no redirect, reads little
of the answer, and yields an Outcome, never an exception. What it says of a failure holds neither the URL nor a header:
those may carry secrets.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import aiohttp
from multidict import CIMultiDict

from wharf.webhooks import trust
from wharf.webhooks.names import Resolver
from wharf.webhooks.networks import Networks, RefusedAddressError
from wharf.webhooks.signing import Signer, SigningError

if TYPE_CHECKING:
    import ssl

    from wharf.webhook_settings import Webhook

ANSWER_LIMIT = 4096
"""Bytes of an answer that are read, so that a short one leaves the connection usable."""

ANSWER_SECONDS = 1.0
"""For the body of an answer, whose status says all that counts."""

KEPT_LIMIT = 512
"""Characters of a refusing answer that are kept beside the event."""

ERROR_LIMIT = 300
"""Characters of an error that are kept."""

KEEPALIVE = 2.0
"""Seconds that an idle connection is kept: less than servers do, or the next event would find it closed."""

_REDIRECTS = "redirects are not followed; give the webhook the final URL"


class _UnusableError(ValueError):
    """The webhook's settings cannot be used. The message names the setting and tells no secret."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended: `error` is empty when the endpoint accepted.

    `retry_after`: seconds it asked to wait. `answer`: how the body of its refusal begins.
    """

    error: str = ""
    retry_after: float = 0.0
    answer: str = ""


class Endpoint:
    """Where a webhook's events go, over so many connections at most. Create it, and close() it, in the event loop."""

    def __init__(self, hook: Webhook, networks: Networks, connections: int = 1) -> None:
        self._hook = hook
        self._networks = networks
        self._broken = ""
        if any(character in "\r\n\0" for pair in hook.headers.items() for text in pair for character in text):
            self._broken = "a header of the webhook holds a line break: correct it"
        self._signer = Signer(())
        context: ssl.SSLContext | bool = True
        try:
            self._signer = Signer(hook.signing)
            context = trust.context(hook)
        except (SigningError, trust.TrustError) as error:
            self._broken = str(error)
        connect = min(hook.connect_timeout, hook.timeout)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                ssl=context,
                limit=connections,
                keepalive_timeout=KEEPALIVE,
                resolver=Resolver(),
                use_dns_cache=False,
                socket_factory=self._socket,
            ),
            timeout=aiohttp.ClientTimeout(total=hook.timeout, sock_connect=connect),
            auto_decompress=False,  # an answer is looked at, not unpacked
            cookie_jar=aiohttp.DummyCookieJar(),  # or an endpoint could fill the memory
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def post(self, message: str, kind: str, body: bytes, now: float) -> Outcome:
        """Try once. `message` is the id that stays the same over attempts, `kind` the body's media type."""
        try:
            headers = self._headers(message, kind, body, now)
            async with self._session.post(
                self._hook.url, data=body, headers=headers, allow_redirects=False
            ) as response:
                return _outcome(response, await _beginning(response), now)
        except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
            return Outcome(self._reason(error))

    def _reason(self, error: Exception) -> str:
        """What an exception means to whoever reads the status."""
        match error:
            case SigningError() | _UnusableError():
                text = str(error)
            case aiohttp.ConnectionTimeoutError():
                text = f"no connection within {min(self._hook.connect_timeout, self._hook.timeout):g} s"
            case TimeoutError():
                text = f"no answer within {self._hook.timeout:g} s"
            case aiohttp.InvalidURL():
                text = "the webhook's `url` is not usable: correct it"
            case aiohttp.ClientResponseError():  # its own text holds the URL
                text = f"the endpoint's answer is not HTTP: {error.message}"
            case aiohttp.ClientConnectorError():
                text = _unreachable(error)
            case aiohttp.ClientError() | OSError():
                text = str(error) or type(error).__name__
            case _:  # a header's name that is none, a host name that cannot be encoded
                text = "the webhook's `url` or `headers` are not usable: correct them"
        return _printable(text)[:ERROR_LIMIT]

    def _headers(self, message: str, kind: str, body: bytes, now: float) -> CIMultiDict[str]:
        """The headers of a request. What is wharf's to say wins over what the webhook's settings say."""
        if self._broken:
            raise _UnusableError(self._broken)
        headers = CIMultiDict(self._hook.headers)
        headers.update({"User-Agent": "wharf", "Content-Type": kind, "Accept-Encoding": "identity"})
        headers.update(self._signer.headers(message, body, now))
        return headers

    def _socket(self, info: tuple[Any, ...]) -> socket.socket:
        """A socket to connect to this address and no other, if a webhook may. Raises RefusedAddressError."""
        family, kind, protocol, _, address = info
        self._networks.check(address[0])
        return socket.socket(family, kind, protocol)


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


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """What the body of an answer begins with."""
    content = b""
    with suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(ANSWER_SECONDS):
            while len(content) < ANSWER_LIMIT:
                more = await response.content.read(ANSWER_LIMIT - len(content))
                if not more:
                    break
                content += more
    return content


def _outcome(response: aiohttp.ClientResponse, content: bytes, now: float) -> Outcome:
    if 200 <= response.status < 300:
        return Outcome()
    error = _printable(f"{response.status} {response.reason or ''}".strip())[:ERROR_LIMIT]
    if 300 <= response.status < 400:
        error = f"{error}: {_REDIRECTS}"
    said = _printable(content.decode(errors="replace"))[:KEPT_LIMIT]
    return Outcome(error, retry_after(response.headers.get("Retry-After", ""), now), said)


def _unreachable(error: aiohttp.ClientConnectorError) -> str:
    """Why there is no connection; a refusal of ours in its own words."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):  # it has no os_error
        return f"the endpoint's certificate is not trusted: {error.certificate_error}"
    if isinstance(error.os_error, RefusedAddressError):
        return str(error.os_error)
    return str(error)


def _printable(text: str) -> str:
    """What a stranger said, fit for a status page."""
    return "".join(character if character.isprintable() else " " for character in text)
