"""The Secret with the registry's configuration file and the token for its admin port.

Rule: the file is rendered the same from the same values, byte for byte, because its hash is how a replica says that
it has loaded it. wharf's `wharf config schema` is what the file must fit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from wharfinger.children.owner import Owner, encoded
from wharfinger.children.render import manifest, text

CLIENT_CA = "client-ca.crt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One webhook as wharf's configuration has it. Times are seconds."""

    name: str
    url: str
    events: Sequence[str]
    repositories: Sequence[str]
    tags: Sequence[str]
    format: str
    headers: Mapping[str, str] = field(repr=False)
    signing: Sequence[Mapping[str, str]] = field(repr=False)
    ca: str
    client_certificate: str
    client_key: str = field(repr=False)
    timeout: float
    connect_timeout: float
    max_age: float
    max_attempts: int  # 0: no limit
    min_backoff: float
    max_backoff: float
    rate: float  # attempts a second; 0: no limit
    dead_letters: int
    replay: str
    suspended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What wharf's configuration file says."""

    url: str
    storage: Mapping[str, int]
    tls: Mapping[str, str] | None
    auth: Mapping[str, Mapping[str, Any]]  # `groups`, `robots`, and `tokens` where they are not as wharf has them
    access: Sequence[Mapping[str, Any]] | None
    webhooks: Sequence[Endpoint]
    settings: Mapping[str, Any]  # further fields of the file; what is not there is as wharf has it


def wharf(contents: Contents) -> str:
    """The text of wharf's configuration file."""
    return text("wharf.yaml.j2", **{field.name: getattr(contents, field.name) for field in fields(contents)})


def knows_robots(file: str) -> bool:
    """Whether a configuration file, of whatever release, says what our robots may do."""
    return any(line.startswith("  robots: ") for line in file.splitlines())


def config(owner: Owner, *, text: str, admin_token: str, client_ca: str = "") -> dict[str, Any]:
    """Secret NAME-config; an empty `client_ca` leaves it out."""
    data = encoded({"config.yaml": text, "admin-token": admin_token} | ({CLIENT_CA: client_ca} if client_ca else {}))
    return manifest("config.yaml.j2", metadata=owner.metadata(owner.config), data=data)
