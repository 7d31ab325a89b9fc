"""The bytes of a webhook's requests. Pure.

Rule: what is the same for all is made once. What is wharf's to say, how a request is framed above all, wins over what
the webhook's settings say.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wharf.webhooks.signing import Signer
from wharf.webhooks.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wharf.webhook_settings import Webhook

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110, 5.6.2

_FRAMING = {"connection", "content-length", "expect", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
_OURS = _FRAMING | {"user-agent", "content-type", "accept-encoding"}
_SIGNED = {"webhook-id", "webhook-timestamp", "webhook-signature"}


class UnusableError(ValueError):
    """The webhook's settings cannot be used. The message names the setting and tells no secret."""


class Requests:
    """Makes the requests of one webhook. Raises UnusableError, SigningError."""

    def __init__(self, hook: Webhook) -> None:
        try:
            self.target = Target.of(hook.url)
        except ValueError:  # its own text may hold what is secret of the URL
            raise UnusableError("the webhook's `url` is not usable: correct it") from None
        self._signer = Signer(hook.signing)
        self._head = "".join((f"POST {self.target.path} HTTP/1.1\r\n", *self._lines(hook))).encode()

    def of(self, message: str, kind: str, body: bytes, now: float) -> bytes:
        """A request, sent now; `message` is its id, `kind` its media type. Raises SigningError."""
        signed = "".join(f"{name}: {value}\r\n" for name, value in self._signer.headers(message, body, now).items())
        own = f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n{signed}\r\n"
        return b"%b%b%b" % (self._head, own.encode(), body)

    def _lines(self, hook: Webhook) -> Iterator[str]:
        """The header lines that are the same in each request."""
        replaced = _OURS | (_SIGNED if hook.signing else set())
        kept = {name: value for name, value in hook.headers.items() if name.lower() not in replaced}
        given = {name.lower() for name in kept}
        if "host" not in given:
            yield f"Host: {self.target.authority}\r\n"
        if self.target.login and "authorization" not in given:
            yield f"Authorization: {self.target.login}\r\n"
        if "accept" not in given:
            yield "Accept: */*\r\n"
        for name, value in kept.items():
            if any(character in "\r\n\0" for character in name + value):
                raise UnusableError("a header of the webhook holds a line break: correct it")
            if not _TOKEN.fullmatch(name):
                raise UnusableError("a name in the webhook's `headers` is none: correct it")
            yield f"{name}: {value.strip()}\r\n"
        yield "User-Agent: wharf\r\nAccept-Encoding: identity\r\n"
