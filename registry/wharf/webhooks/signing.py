"""Signatures of requests by Standard Webhooks (https://www.standardwebhooks.com, spec/standard-webhooks.md). Pure.

Rule: every secret that has not ended signs, so that a receiver may know the old one or the new one while they overlap;
one that has ended never does, whatever the configuration still says.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wharf.webhook_settings import SigningSecret

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64
"""Bytes of a secret."""


class SigningError(ValueError):
    """The secrets cannot be used. The message holds nothing of them."""


@dataclass(frozen=True, slots=True)
class _Key:
    secret: bytes = field(repr=False)
    until: float | None  # Unix seconds; None: for ever


class Signer:
    """Signs the requests of one webhook. Raises SigningError for secrets that are none."""

    def __init__(self, secrets: Sequence[SigningSecret]) -> None:
        self._keys = tuple(_Key(_secret(each.secret), _moment(each.until)) for each in secrets)

    def headers(self, message: str, body: bytes, now: float) -> Mapping[str, str]:
        """The headers of a request, sent now, that tells of `message` (its id). Raises SigningError when all ended."""
        if not self._keys:
            return {}
        live = [key.secret for key in self._keys if key.until is None or now < key.until]
        if not live:
            raise SigningError("every signing secret has ended: give the webhook a new one")
        timestamp = str(int(now))
        content = b"%b.%b.%b" % (message.encode(), timestamp.encode(), body)
        signed = (base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode() for secret in live)
        return {
            "webhook-id": message,
            "webhook-timestamp": timestamp,
            "webhook-signature": " ".join(f"v1,{each}" for each in signed),
        }


def _secret(text: str) -> bytes:
    try:
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True) if text.startswith(PREFIX) else b""
    except binascii.Error:
        secret = b""
    if not SHORTEST <= len(secret) <= LONGEST:
        raise SigningError(
            f"a signing secret of the webhook is not `{PREFIX}` and the base64 of {SHORTEST} to {LONGEST} bytes: "
            "correct it"
        )
    return secret


def _moment(text: str) -> float | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise SigningError("`until` of a signing secret is not a time: write it as 2027-01-31T12:00:00Z") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
