"""What a Registry says of itself, read from the objects as the API server gives them.

Rule: pure, and tolerant: a field that an older or newer operator does not write is simply not there.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LABEL = "wharfinger.dev/registry"
DEFAULT_USER = "admin"
ADMIN_PORT, REGISTRY_PORT = 5001, 5000

Object = Mapping[str, Any]


def name(thing: Object) -> str:
    """The object's name."""
    return str(thing["metadata"]["name"])


def namespace(thing: Object) -> str:
    """The object's namespace."""
    return str(thing["metadata"].get("namespace", ""))


def service_host(registry: Object) -> str:
    """The name of its Service in the cluster's DNS."""
    return f"{name(registry)}.{namespace(registry)}.svc"


def selector(registry: str) -> str:
    """The label selector of everything that belongs to a Registry."""
    return f"{LABEL}={registry}"


def status(thing: Object) -> Object:
    """The object's status; empty while nobody has written one."""
    return thing.get("status") or {}


def condition(thing: Object, kind: str) -> Object:
    """One condition; empty when there is none of that type."""
    return next((each for each in status(thing).get("conditions") or [] if each["type"] == kind), {})


def settled(thing: Object) -> bool:
    """Whether the operator has seen the newest spec."""
    return bool(status(thing).get("observedGeneration", -1) >= thing["metadata"].get("generation", 0))


def is_ready(thing: Object) -> bool:
    """Whether it is Ready, with the newest spec."""
    return condition(thing, "Ready").get("status") == "True" and settled(thing)


@dataclass(frozen=True, slots=True)
class User:
    """Someone who may log in, and where the password is."""

    name: str
    secret: str
    key: str
    given: bool  # the password comes from a Secret of the user's own
    rotated_at: str | None = None
    previous_valid_until: str | None = None
    next_rotation: str | None = None


def users(registry: Object) -> list[User]:
    """The users of a Registry, in the order of the spec."""
    wanted = (registry.get("spec") or {}).get("auth", {}).get("users") or [{"name": DEFAULT_USER}]
    known = {each["name"]: each for each in status(registry).get("users") or []}
    found = []
    for each in wanted:
        source = each.get("passwordFrom") or {}
        live = known.get(each["name"], {})
        secret = live.get("secretName") or source.get("secretName") or f"{name(registry)}-user-{each['name']}"
        found.append(
            User(
                name=each["name"],
                secret=secret,
                key=source.get("key", "password"),
                given=bool(source),
                rotated_at=live.get("rotatedAt"),
                previous_valid_until=live.get("previousValidUntil"),
                next_rotation=live.get("nextRotation"),
            )
        )
    return found


def robots(registry: Object) -> list[User]:
    """The accounts of the operator's own, whose passwords fill the pull and push Secrets."""
    return [
        User(
            name=each["name"],
            secret=str(each.get("secretName", "")),
            key=".dockerconfigjson",
            given=False,
            rotated_at=each.get("rotatedAt"),
            previous_valid_until=each.get("previousValidUntil"),
            next_rotation=each.get("nextRotation"),
        )
        for each in status(registry).get("robots") or []
    ]


def plain_http(registry: Object) -> bool:
    """Whether the spec asks for a registry without TLS."""
    return bool((registry.get("spec") or {}).get("tls", {}).get("issuer") == "Disabled")


def ca_name(registry: Object) -> str:
    """The ConfigMap with the CA that clients should trust; empty when there is none to be trusted."""
    return str((status(registry).get("certificate") or {}).get("caConfigMapName") or "")


def decoded(secret: Object, key: str) -> bytes:
    """One value of a Secret; empty when it is missing or no base64."""
    try:
        return base64.b64decode((secret.get("data") or {}).get(key, ""), validate=True)
    except (binascii.Error, ValueError):
        return b""


def password(secret: Object, key: str) -> str:
    """The password in a Secret, without the line end that files and editors leave; empty when there is none."""
    return decoded(secret, key).decode(errors="replace").removesuffix("\n").removesuffix("\r")
