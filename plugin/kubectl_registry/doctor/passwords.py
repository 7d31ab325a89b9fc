"""Which passwords there are to try, and what the registry's own file says of one that is refused.

Rule: each is tried once, so that nobody is locked out for guessing; none of them is kept in what comes out.
"""

from __future__ import annotations

import base64
import binascii
import json
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from kubectl_registry import registries, wording
from kubectl_registry.doctor.client import Client, Dial
from kubectl_registry.doctor.facts import Login
from kubectl_registry.errors import UnreachableError
from kubectl_registry.registries import Object


@dataclass(frozen=True, slots=True)
class Attempt:
    """One password to try."""

    user: str
    source: str
    password: str = field(repr=False)
    given: bool = False


def of_docker_secret(secret: Object) -> list[Attempt]:
    """The password of a dockerconfigjson Secret: one attempt, whatever the number of hosts that it names."""
    found = _auths(registries.decoded(secret, ".dockerconfigjson").decode(errors="replace"))
    for auth in found.values():
        user, password = _split(auth)
        if user:
            return [Attempt(user, f"Secret {registries.name(secret)}", password)]
    return []


def of_docker(host: str, home: Path) -> list[Attempt]:
    """What `docker login` or `podman login` on this machine keeps for a host, where that is no credential helper."""
    found = []
    for file in (home / ".docker" / "config.json", home / ".config" / "containers" / "auth.json"):
        try:
            auths = _auths(file.read_text())
        except (OSError, UnicodeDecodeError):
            continue
        user, password = _split(auths.get(host, ""))
        if user and password:
            found.append(Attempt(user, f"kept in {file}", password, given=True))
    return found


def _auths(text: str) -> dict[str, str]:
    try:
        return {host: str(entry.get("auth", "")) for host, entry in json.loads(text)["auths"].items()}
    except (ValueError, KeyError, AttributeError, TypeError):
        return {}


def _split(auth: str) -> tuple[str, str]:
    try:
        user, _, password = base64.b64decode(auth, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return user, password


def attempt(dial: Dial, host: str, tried: Attempt, context: ssl.SSLContext | None) -> tuple[Login, Client]:
    """Log in with one password; what came of it, and the client that did. No context: plain HTTP."""
    client = Client(dial, host, context, tried.user, tried.password)
    try:
        answer, error = client.get("/v2/").status, ""
    except UnreachableError as problem:
        answer, error = 0, str(problem)
    return Login(tried.user, tried.source, answer, error, given=tried.given), client


def known(htpasswd: str, user: str, password: str, now: datetime) -> str:
    """Which line of an htpasswd file a password fits: `current`, `expired` (its time is over) or `none`."""
    fits = [
        expiry for line_user, hashed, expiry in _lines(htpasswd) if line_user == user and _matches(password, hashed)
    ]
    if not fits:
        return "none"
    ends = [wording.moment(expiry) for expiry in fits]
    return "current" if any(end is None or end > now for end in ends) else "expired"


def _lines(htpasswd: str) -> Iterable[tuple[str, str, str]]:
    """User, hash and expiry (empty: none) of each line."""
    for line in htpasswd.splitlines():
        user, _, rest = line.partition(":")
        hashed, _, expiry = rest.partition(":")
        if user and hashed:
            yield user, hashed, expiry


def _matches(password: str, hashed: str) -> bool:
    import bcrypt  # noqa: PLC0415 - needed only when a password is refused

    try:
        return bcrypt.checkpw(password.encode(), hashed.encode())
    except ValueError:  # no bcrypt hash, or a password that bcrypt does not take
        return False
