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
    """One webhook as wharf's configuration has it, and what wharf takes where nothing is said. Times are seconds."""

    name: str
    url: str
    events: Sequence[str] = ("push",)
    repositories: Sequence[str] = ()
    tags: Sequence[str] = ()
    format: str = "Distribution"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    signing: Sequence[Mapping[str, str]] = field(default=(), repr=False)
    ca: str = ""
    client_certificate: str = ""
    client_key: str = field(default="", repr=False)
    timeout: float = 10.0
    connect_timeout: float = 5.0
    max_age: float = 86400.0
    max_attempts: int = 0  # 0: no limit
    min_backoff: float = 1.0
    max_backoff: float = 300.0
    rate: float = 0.0  # attempts a second; 0: no limit
    dead_letters: int = 10_000
    replay: str = ""
    suspended: bool = False


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
    values = {field.name: getattr(contents, field.name) for field in fields(contents)}
    return text("wharf.yaml.j2", **{**values, "webhooks": [_section(hook) for hook in contents.webhooks]})


def _section(hook: Endpoint) -> dict[str, Any]:
    """The fields that are not as wharf has them: a wharf of another release is not told what it does not know."""
    as_wharf_has_it = Endpoint(name="", url="")
    return {
        _camel(field.name): value
        for field in fields(hook)
        if _plain(value := getattr(hook, field.name)) != _plain(getattr(as_wharf_has_it, field.name))
    }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def knows_robots(file: str) -> bool:
    """Whether a configuration file, of whatever release, says what our robots may do."""
    return any(line.startswith("  robots: ") for line in file.splitlines())


def config(owner: Owner, *, text: str, admin_token: str, client_ca: str = "") -> dict[str, Any]:
    """Secret NAME-config; an empty `client_ca` leaves it out."""
    data = encoded({"config.yaml": text, "admin-token": admin_token} | ({CLIENT_CA: client_ca} if client_ca else {}))
    return manifest("config.yaml.j2", metadata=owner.metadata(owner.config), data=data)
