"""How clients reach a registry: the addresses that a Registry and its Service say it has.

Rule: pure; the first address is the one to use, and each says from where it works.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from kubectl_registry import registries
from kubectl_registry.registries import Object


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port. `inside`: only pods and nodes know the name."""

    host: str
    port: int
    inside: bool = False

    @classmethod
    def parse(cls, text: str, port: int) -> Address:
        """From `HOST[:PORT]`, an IPv6 address in brackets. Raises ValueError."""
        parts = urlsplit(f"//{text}")
        if not parts.hostname or parts.path or parts.username:
            raise ValueError(text)
        return cls(parts.hostname, parts.port or port)

    def __str__(self) -> str:
        """As clients of this registry write it: without the port that HTTPS has anyway."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == 443 else f"{host}:{self.port}"


def addresses(registry: Object, service: Object | None) -> list[Address]:
    """Every address that is known, those from outside the cluster first."""
    spec = (service or {}).get("spec") or {}
    ports = spec.get("ports") or [{}]
    port = int(ports[0].get("port") or 443)
    outside = list(_outside(registry, service or {}, spec.get("type", "ClusterIP"), ports[0]))
    url, inside = urlsplit(str(registries.status(registry).get("url") or "")), registries.service_host(registry)
    if url.hostname and url.hostname != inside:  # that of its Ingress
        front = Address(url.hostname, url.port or (443 if url.scheme == "https" else 80))
        outside = [front, *(each for each in outside if each.host != front.host)]
    return [*outside, Address(inside, port, inside=True)]


def _outside(registry: Object, service: Object, kind: str, port: Object) -> Iterable[Address]:
    hosts = [host for host in (registry.get("spec") or {}).get("tls", {}).get("hosts") or [] if "*" not in host]
    number = int((port.get("nodePort") if kind == "NodePort" else port.get("port")) or 443)
    yield from (Address(host, number) for host in hosts)
    if kind == "LoadBalancer":
        given = registries.status(service).get("loadBalancer", {}).get("ingress") or []
        found = (each.get("hostname") or each.get("ip") for each in given)
        yield from (Address(host, number) for host in found if host and host not in hosts)
