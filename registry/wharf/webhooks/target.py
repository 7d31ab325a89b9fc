"""Where a webhook's requests go, read from its URL. Pure.

Rule: what cannot be sent to is a ValueError, before anything is connected to.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

_HOST = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:%-]+")
_PORTS = {"http": 80, "https": 443}
_PATH_SAFE = "/%:@!$&'()*+,;=~"
_QUERY_SAFE = _PATH_SAFE + "?"


@dataclass(frozen=True, slots=True)
class Target:
    """`path` has the query with it; `login` is the value of an Authorization header, or empty."""

    host: str
    port: int
    secure: bool
    authority: str  # the Host header
    path: str = field(repr=False)  # it may hold a token
    login: str = field(repr=False, default="")

    @classmethod
    def of(cls, url: str) -> Target:
        """Read a URL. Raises ValueError."""
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode() if ":" not in (parts.hostname or "") else parts.hostname
        if not host or not _HOST.fullmatch(host):
            raise ValueError("no host")
        port = parts.port or _PORTS[parts.scheme]
        shown = f"[{host}]" if ":" in host else host
        authority = shown if port == _PORTS[parts.scheme] else f"{shown}:{port}"
        path = quote(parts.path or "/", safe=_PATH_SAFE)
        if parts.query:
            path += "?" + quote(parts.query, safe=_QUERY_SAFE)
        return cls(host, port, parts.scheme == "https", authority, path, _login(parts.username, parts.password))


def _login(user: str | None, password: str | None) -> str:
    if user is None and password is None:
        return ""
    return "Basic " + base64.b64encode(f"{unquote(user or '')}:{unquote(password or '')}".encode()).decode()
