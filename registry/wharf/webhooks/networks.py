"""Which addresses an endpoint may have: a webhook is no way to what only the registry's machine can reach. Pure.

Rule: the address that is about to be connected to is judged, not the name or the text that led to it, so a name that
resolves differently the next time, a number in decimal or octal, and an IPv4 address inside an IPv6 one change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wharf.webhook_settings import WebhookNetworks

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_KINDS = {
    # first, for the more telling name
    "a metadata service": (
        *("169.254.169.254/32", "169.254.170.2/32", "169.254.170.23/32", "168.63.129.16/32"),
        *("100.100.100.200/32", "192.0.0.192/32", "fd00:ec2::254/128", "fd00:ec2::23/128", "fd20:ce::254/128"),
    ),
    "unspecified": ("0.0.0.0/8", "::/128"),
    "loopback": ("127.0.0.0/8", "::1/128"),
    "link-local": ("169.254.0.0/16", "fe80::/10", "fec0::/10"),
    "multicast": ("224.0.0.0/4", "ff00::/8"),
    "reserved": ("240.0.0.0/4", "192.0.0.0/24", "100::/64"),
}
_REFUSED = tuple((kind, ip_network(text)) for kind, texts in _KINDS.items() for text in texts)
_PRIVATE = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "198.18.0.0/15", "fc00::/7"))
)
_TRANSLATED = tuple(map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96")))
"""Prefixes under which the last 32 bits are an IPv4 address (RFC 6052, 8215, 4291, 2765)."""


class RefusedAddressError(OSError):
    """A webhook may not connect there. The message names the kind of address and the remedy."""


@dataclass(frozen=True, slots=True)
class Networks:
    """Where endpoints may be."""

    private: bool = True
    allowed: tuple[Network, ...] = ()

    @classmethod
    def of(cls, settings: WebhookNetworks) -> Networks:
        """As the configuration has it."""
        allowed = tuple(ip_network(text, strict=False) for text in settings.allow)
        return cls(settings.private == "Allow", allowed)

    def check(self, text: str) -> None:
        """Raise RefusedAddressError when a webhook may not connect to this IP address."""
        address = ip_address(text.partition("%")[0])
        if any(_within(address, network) for network in self.allowed):
            return
        for meant in _meanings(address):
            kind = next((kind for kind, network in _REFUSED if _within(meant, network)), "")
            if not kind and not self.private and any(_within(meant, network) for network in _PRIVATE):
                kind = "private"
            if kind:
                raise RefusedAddressError(
                    f"{address} is {kind}, which webhooks may not reach: give the webhook another URL, or the registry "
                    "that network in webhookNetworks.allow"
                )


def _within(address: Address, network: Network) -> bool:
    return address.version == network.version and address in network


def _meanings(address: Address) -> Iterator[Address]:
    """The address, and IPv4 addresses that it may stand for on the way."""
    yield address
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            yield address.ipv4_mapped
        if address.sixtofour:
            yield address.sixtofour
        if address.teredo:
            yield from address.teredo
        if any(address in prefix for prefix in _TRANSLATED):
            yield IPv4Address(int(address) & 0xFFFFFFFF)
