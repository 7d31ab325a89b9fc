"""What the operator is told by its surroundings.

Rule: environment variables only, read once, at the start; each is listed here with its default. A value that cannot
be used ends the start with a message that names the variable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import wharfinger


class SettingError(ValueError):
    """A variable cannot be used; the message names it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The operator's settings."""

    namespaces: tuple[str, ...] = ()  # WHARFINGER_NAMESPACES: comma-separated; empty: all
    workers: int = 16  # WHARFINGER_WORKERS: reconciles at the same time
    port: int = 8080  # WHARFINGER_PORT: /healthz, /readyz, /metrics
    address: str = ""  # WHARFINGER_ADDRESS: where that port listens; empty: everywhere
    log_level: str = "INFO"  # WHARFINGER_LOG_LEVEL
    kubeconfig: str = ""  # KUBECONFIG: outside a cluster
    registry_image: str = f"wharfinger/wharf:{wharfinger.__version__}"  # WHARFINGER_REGISTRY_IMAGE
    cluster_domain: str = "cluster.local"  # WHARFINGER_CLUSTER_DOMAIN: what Service names end in
    lease_namespace: str = ""  # WHARFINGER_LEASE_NAMESPACE: of the Lease that elects one operator; empty: no election
    lease_seconds: int = 15  # WHARFINGER_LEASE_SECONDS: without a sign of life, after which another takes over
    across_namespaces: bool = False  # WHARFINGER_PULL_SECRETS_ACROSS_NAMESPACES: true lets Registries copy theirs
    instance: str = "wharfinger"  # POD_NAME: who writes Events and holds the Lease; its own for each operator


def read(environ: Mapping[str, str]) -> Settings:
    """Read the settings. Raises SettingError."""
    return Settings(
        namespaces=tuple(sorted({name.strip() for name in environ.get("WHARFINGER_NAMESPACES", "").split(",")} - {""})),
        workers=_number(environ, "WHARFINGER_WORKERS", 16, 1, 256),
        port=_number(environ, "WHARFINGER_PORT", 8080, 0, 65535),
        address=environ.get("WHARFINGER_ADDRESS", ""),
        log_level=_level(environ.get("WHARFINGER_LOG_LEVEL", "INFO")),
        kubeconfig=environ.get("KUBECONFIG", ""),
        registry_image=environ.get("WHARFINGER_REGISTRY_IMAGE") or f"wharfinger/wharf:{wharfinger.__version__}",
        cluster_domain=environ.get("WHARFINGER_CLUSTER_DOMAIN") or "cluster.local",
        lease_namespace=environ.get("WHARFINGER_LEASE_NAMESPACE", ""),
        lease_seconds=_number(environ, "WHARFINGER_LEASE_SECONDS", 15, 5, 300),
        across_namespaces=_truth(environ, "WHARFINGER_PULL_SECRETS_ACROSS_NAMESPACES"),
        instance=environ.get("POD_NAME", "wharfinger"),
    )


def _number(environ: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = environ.get(name, "") or str(default)
    if not text.isdecimal() or not least <= int(text) <= most:
        raise SettingError(f"{name}={text!r}: write a number from {least} to {most}")
    return int(text)


def _truth(environ: Mapping[str, str], name: str) -> bool:
    text = environ.get(name, "").lower() or "false"
    if text not in {"true", "false"}:
        raise SettingError(f"{name}={text!r}: write true or false")
    return text == "true"


def _level(text: str) -> str:
    level = text.upper() or "INFO"
    if level not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise SettingError(f"WHARFINGER_LOG_LEVEL={text!r}: write DEBUG, INFO, WARNING or ERROR")
    return level
