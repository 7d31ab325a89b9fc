"""Who sent a request, and by which name, when a proxy passed it on: X-Forwarded-For, -Proto and -Host.

Rule: only proxies that the configuration names are believed, and of a chain only as far as it is made of them; from
anyone else these headers are as good as absent.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wharf.http.messages import Request

Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]

CHAIN_LIMIT = 16
"""Most proxies of a chain that are looked at."""

_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(?::\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](?::\d{1,5})?")


def believe(request: Request, trusted: Sequence[str]) -> None:
    """Let a request say what a trusted proxy says about it: client address, scheme and host."""
    if not trusted:
        return
    networks = _networks(tuple(trusted))
    if not _within(request.client, networks):
        return
    chain = _list(request, b"x-forwarded-for")[-CHAIN_LIMIT:]
    while chain and _within(request.client, networks):
        hop = _address(chain.pop())
        if not hop:
            break
        request.client = hop
    scheme = _list(request, b"x-forwarded-proto")[-1:]
    if scheme and scheme[0].lower() in ("http", "https"):
        request.scheme = scheme[0].lower()
    host = _list(request, b"x-forwarded-host")[-1:]
    if host and _HOST.fullmatch(host[0]):
        request.headers[b"host"] = host[0].encode("ascii")


def base(request: Request) -> str:
    """The URL of the registry as this client knows it, without a path: the configured one, or that of the request."""
    configured: str = request.live.config.url
    return configured.rstrip("/") or f"{request.scheme}://{request.header(b'host') or ''}"


def _list(request: Request, name: bytes) -> list[str]:
    return [part.strip() for part in (request.header(name) or "").split(",") if part.strip()]


@lru_cache(maxsize=8)
def _networks(texts: tuple[str, ...]) -> Networks:
    return tuple(ipaddress.ip_network(text, strict=False) for text in texts)


def _within(address: str, networks: Networks) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in networks)


def _address(text: str) -> str:
    """An address of a chain, without its port; empty when it is none."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""
