"""Bearer tokens: JSON Web Tokens (RFC 7519) signed by HMAC-SHA256 (RFC 7515, HS256), which only wharf reads.

Rule: a token lives for minutes and dies with the password that it was issued for; it says what it covers, for whom,
until when, and which registry it is for, and one that fails any check is no token. The header's `alg` is not believed:
there is one algorithm.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from wharf.auth import scopes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wharf.auth.access import Scope
    from wharf.clock import Clock

REFRESH_SECONDS = 30 * 86400.0
"""Life of a refresh token, which `docker login` may keep instead of the password."""

SIZE_LIMIT = 16 * 1024
"""Bytes of a token that are looked at."""

Use = Literal["access", "refresh"]

_HEADER = urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")


class _Access(msgspec.Struct, frozen=True):
    type: str
    name: str
    actions: list[str]


class _Claims(msgspec.Struct, frozen=True):
    iss: str
    aud: str
    sub: str
    exp: float
    use: str
    proof: str = ""
    access: list[_Access] = []


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token says. `proof` names the password that it was issued for; no user: a client without credentials."""

    user: str
    proof: str
    scope: Scope
    expires: float


@dataclass(frozen=True, slots=True)
class Tokens:
    """Issues and reads the tokens of one registry. The first key signs, all verify: so a key is replaced at leisure."""

    keys: Sequence[bytes]
    audience: str
    lifetime: float
    clock: Clock

    def issue(self, grant: Grant, use: Use = "access") -> str:
        """A token for this grant."""
        now = self.clock()
        claims = {
            "iss": self.audience,
            "aud": self.audience,
            "sub": grant.user,
            "iat": int(now),
            "exp": grant.expires,
            "jti": secrets.token_hex(8),
            "use": use,
            "proof": grant.proof,
            "access": scopes.claims(grant.scope),
        }
        signed = _HEADER + b"." + urlsafe_b64encode(msgspec.json.encode(claims)).rstrip(b"=")
        return (signed + b"." + _signature(self.keys[0], signed)).decode("ascii")

    def read(self, token: bytes, use: Use = "access") -> Grant | None:
        """What a token grants; None when it is none of ours, for another use, or over."""
        signed, dot, signature = token.rpartition(b".")
        if not dot or len(token) > SIZE_LIMIT:
            return None
        # All keys are tried, whatever the first says: how long it takes tells nothing.
        good = [hmac.compare_digest(_signature(key, signed), signature) for key in self.keys]
        if not any(good):
            return None
        claims = _claims(signed.rpartition(b".")[2])
        if claims is None or (claims.aud, claims.iss, claims.use) != (self.audience, self.audience, use):
            return None
        if self.clock() >= claims.exp:
            return None
        scope = frozenset((one.type, one.name, action) for one in claims.access for action in one.actions)
        return Grant(claims.sub, claims.proof, scope, claims.exp)


def _signature(key: bytes, signed: bytes) -> bytes:
    return urlsafe_b64encode(hmac.digest(key, signed, "sha256")).rstrip(b"=")


def _claims(encoded: bytes) -> _Claims | None:
    try:
        content = urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4))
        return msgspec.json.decode(content, type=_Claims)
    except (ValueError, msgspec.DecodeError):
        return None
