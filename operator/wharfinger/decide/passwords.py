"""The password of each user: read from a Secret of theirs, or generated into one of ours.

Rule: a generated password lives in one place, its Secret, and everything else is made from that Secret once it has
been seen there; so a crash never leaves a hash whose password nobody knows. A rotation first lets the new password
wait beside the old one; it takes over once every replica has loaded both.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wharfinger.api.auth import User
from wharfinger.api.parse import rfc3339
from wharfinger.api.reasons import Reason
from wharfinger.children.owner import Owner, decoded
from wharfinger.children.user import NEXT, ROTATED_AT, ROTATION
from wharfinger.children.user import user as user_secret
from wharfinger.decide.condition import Finding, bad
from wharfinger.decide.mint import BCRYPT_LONGEST, Mint
from wharfinger.decide.observed import Manifest, Observed
from wharfinger.decide.outcome import Occurrence


@dataclass(frozen=True, slots=True, kw_only=True)
class Password:
    """What is known of one user's password."""

    user: str
    secret: str  # name of the Secret that holds it
    current: str | None = None  # None: there is none that could be used
    upcoming: str | None = None  # waits until every replica has loaded it
    source: str = ""  # uid and resourceVersion of the Secret as seen; empty: not written yet
    random: bool = False  # whether we made it: nobody else wrote a value into its Secret
    rotated_at: str | None = None
    child: dict[str, Any] | None = None  # our Secret as it should be
    problem: Finding | None = None
    events: tuple[Occurrence, ...] = ()


def given(user: User, observed: Observed) -> Password:
    """A password that comes from a Secret of the namespace."""
    reference = user.password_from
    assert reference is not None
    secret = observed.secrets.get(reference.secret_name)
    what = f"key {reference.key!r} of Secret {reference.secret_name!r}, the password of user {user.name!r}"
    known = Password(user=user.name, secret=reference.secret_name)
    if secret is None:
        message = f"Secret {reference.secret_name!r} is missing: create it with the password of user {user.name!r}"
        return _broken(known, Reason.PASSWORD_MISSING, f"{message} under key {reference.key!r}")
    value = decoded(secret, reference.key)
    if not value:
        return _broken(known, Reason.PASSWORD_MISSING, f"{what}, is missing or empty: put the password there")
    password = readable(value)
    if password is None:
        rule = f"use 1 to {BCRYPT_LONGEST} bytes of UTF-8 text on one line"
        return _broken(known, Reason.PASSWORD_MALFORMED, f"{what}, cannot be used: {rule}")
    return Password(user=user.name, secret=reference.secret_name, current=password, source=source(secret))


def readable(value: bytes) -> str | None:
    """The password in a Secret's value; one line end at its end, as editors and files leave, is not part of it."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return None
    text = text.removesuffix("\n").removesuffix("\r")
    usable = text.isprintable() and 0 < len(text.encode()) <= BCRYPT_LONGEST
    return text if usable else None


def generated(
    owner: Owner, user: User, secret: Manifest | None, *, loaded: bool, now: datetime, mint: Mint
) -> Password:
    """A password in a Secret of ours. `loaded`: every replica has loaded the hash of the one that waits, if any."""
    name = owner.user(user.name)
    current = readable(decoded(secret, "password") or b"")
    if secret is None or current is None:
        return _made(owner, user, mint, known=secret is not None)
    annotations = secret.get("metadata", {}).get("annotations") or {}
    upcoming = readable(decoded(secret, NEXT) or b"")
    rotation, rotated_at = annotations.get(ROTATION, ""), annotations.get(ROTATED_AT, "")
    events: tuple[Occurrence, ...] = ()
    if user.rotation is not None and user.rotation != rotation:
        rotation, upcoming = user.rotation, upcoming or mint.password()
    elif upcoming and loaded:
        current, upcoming, rotated_at = upcoming, None, rfc3339(now)
        message = f"The password of user {user.name!r} was replaced; the new one is in Secret {name!r}"
        events = (Occurrence("Normal", Reason.PASSWORD_CHANGED, message),)
    child = user_secret(
        owner, name=user.name, password=current, upcoming=upcoming or "", rotation=rotation, rotated_at=rotated_at
    )
    return Password(
        user=user.name,
        secret=name,
        current=current,
        upcoming=upcoming,
        source=source(secret),
        random=not written_by_others(secret),
        rotated_at=rotated_at or None,
        child=child,
        events=events,
    )


def _made(owner: Owner, user: User, mint: Mint, *, known: bool) -> Password:
    name, password = owner.user(user.name), mint.password()
    child = user_secret(
        owner, name=user.name, password=password, upcoming="", rotation=user.rotation or "", rotated_at=""
    )
    why = f"Secret {name!r} held no usable password: generated one" if known else f"Generated a password in {name!r}"
    event = Occurrence("Normal", Reason.USER_CREATED, f"{why} for user {user.name!r}")
    return Password(user=user.name, secret=name, current=password, child=child, events=(event,))


def written_by_others(secret: Manifest) -> bool:
    """Whether the API server's record says that somebody else wrote one of the values."""
    entries = secret.get("metadata", {}).get("managedFields") or ()
    return any(entry.get("fieldsV1", {}).get("f:data") for entry in entries)


def source(secret: Manifest | None) -> str:
    """Which version of which Secret this is; empty for none."""
    if secret is None:
        return ""
    metadata = secret.get("metadata", {})
    return f"{metadata.get('uid', '')}/{metadata.get('resourceVersion', '')}"


def _broken(known: Password, reason: Reason, message: str) -> Password:
    return Password(user=known.user, secret=known.secret, problem=bad(reason, message))
