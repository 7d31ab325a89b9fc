"""One attempt to deliver, and what its outcome means.

Rule: an attempt ends within the webhook's timeout, follows no redirect, reads little of the answer, and yields an
Outcome, never an exception. What it says of a failure holds neither the URL nor a header: those may carry secrets.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import aiohttp

from wharf.webhooks.envelope import MEDIA_TYPE

if TYPE_CHECKING:
    from wharf.config import Webhook

ANSWER_LIMIT = 4096
"""Bytes of an answer that are read, so that a short one leaves the connection usable."""

ERROR_LIMIT = 200
"""Characters of an error that are kept."""

KEEPALIVE = 2.0
"""Seconds that an idle connection is kept: less than servers do, or the next event would find it closed."""

_REDIRECTS = "redirects are not followed; give the webhook the final URL"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended: `error` is empty when the endpoint accepted. `retry_after`: seconds it asked to wait."""

    error: str = ""
    retry_after: float = 0.0


class Endpoint:
    """Where a webhook's events go. Create it, and close() it, in the event loop."""

    def __init__(self, hook: Webhook) -> None:
        self._hook = hook
        self._broken = ""
        if any(character in "\r\n\0" for pair in hook.headers.items() for text in pair for character in text):
            self._broken = "a header of the webhook holds a line break: correct it"
        verify: ssl.SSLContext | bool = True
        if hook.ca:
            try:
                verify = ssl.create_default_context(cadata=hook.ca)
            except (ssl.SSLError, ValueError):
                self._broken = "the webhook's `ca` is not PEM: give it certificates in PEM form"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=verify, limit=1, keepalive_timeout=KEEPALIVE),
            timeout=aiohttp.ClientTimeout(total=hook.timeout),
            headers={"User-Agent": "wharf"},
        )

    async def close(self) -> None:
        """Close the connection."""
        await self._session.close()

    async def post(self, body: bytes, now: float) -> Outcome:
        """Try once."""
        if self._broken:
            return Outcome(self._broken)
        headers = {"Content-Type": MEDIA_TYPE, **self._hook.headers}
        try:
            async with self._session.post(
                self._hook.url, data=body, headers=headers, allow_redirects=False
            ) as response:
                await response.content.read(ANSWER_LIMIT)
                return _outcome(response, now)
        except TimeoutError:
            return Outcome(f"no answer within {self._hook.timeout:g} s")
        except aiohttp.InvalidURL:
            return Outcome("the webhook's `url` is not usable: correct it")
        except (aiohttp.ClientError, OSError) as error:
            return Outcome(_printable(str(error) or type(error).__name__))
        except ValueError:  # a header's name that is none, a host name that cannot be encoded
            return Outcome("the webhook's `url` or `headers` are not usable: correct them")


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


def _outcome(response: aiohttp.ClientResponse, now: float) -> Outcome:
    if 200 <= response.status < 300:
        return Outcome()
    error = _printable(f"{response.status} {response.reason or ''}".strip())
    if 300 <= response.status < 400:
        error = f"{error}: {_REDIRECTS}"
    return Outcome(error, retry_after(response.headers.get("Retry-After", ""), now))


def _printable(text: str) -> str:
    """What a stranger said, fit for a status page."""
    return "".join(character if character.isprintable() else " " for character in text)[:ERROR_LIMIT]
