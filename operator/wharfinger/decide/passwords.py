"""The password of each user: read from a Secret of theirs, or generated into one of ours.

Rule: a generated password lives in one place, its Secret, and everything else is made from that Secret once it has
been seen there; so a crash never leaves a hash whose password nobody knows. When and how it is replaced: replacement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from wharfinger.api.auth import User
from wharfinger.api.parse import rfc3339
from wharfinger.api.reasons import Reason
from wharfinger.children.owner import Owner, decoded
from wharfinger.children.user import NEXT, REVOKE, ROTATION
from wharfinger.decide.condition import Finding, bad
from wharfinger.decide.mint import BCRYPT_LONGEST, Mint
from wharfinger.decide.observed import Manifest, Observed
from wharfinger.decide.outcome import Occurrence
from wharfinger.decide.replacement import Rotating, Surroundings, rotate
from wharfinger.decide.robots import is_robot


@dataclass(frozen=True, slots=True, kw_only=True)
class Password:
    """What is known of one user's password."""

    user: str
    secret: str  # name of the Secret that holds it
    current: str | None = None  # None: there is none that could be used
    upcoming: str | None = None  # waits until every replica has loaded it
    revoking: bool = False  # whether every earlier password ends without an overlap
    source: str = ""  # uid and resourceVersion of the Secret as seen; empty: not written yet
    random: bool = False  # whether we made it: nobody else wrote a value into its Secret
    rotated_at: str | None = None
    next_rotation: datetime | None = None
    postponed: bool = False  # whether a rotation waits until fewer old passwords work
    notes: Mapping[str, str] = field(default_factory=dict)  # annotations of our Secret; empty: it is not ours
    problem: Finding | None = None
    events: tuple[Occurrence, ...] = ()


def given(user: User, observed: Observed, seen: str = "") -> Password:
    """A password that comes from a Secret of the namespace. `seen`: the source that the user's lines are made from."""
    reference = user.password_from
    assert reference is not None
    secret = observed.secrets.get(reference.secret_name)
    what = f"key {reference.key!r} of Secret {reference.secret_name!r}, the password of user {user.name!r}"
    known = Password(user=user.name, secret=reference.secret_name)
    if secret is None and (why := observed.refused.get(("Secret", reference.secret_name))):
        return _broken(known, Reason.PASSWORD_MISSING, f"{what}, cannot be read: {why}")
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
    revoked = seen.split("/", 2)[2:]  # the text that was acted on last
    return Password(
        user=user.name,
        secret=reference.secret_name,
        current=password,
        source="/".join([source(secret), *([user.revoke] if user.revoke is not None else revoked)]),
        revoking=user.revoke is not None and revoked != [user.revoke],
    )


def readable(value: bytes) -> str | None:
    """The password in a Secret's value; one line end at its end, as editors and files leave, is not part of it."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return None
    text = text.removesuffix("\n").removesuffix("\r")
    usable = text.isprintable() and 0 < len(text.encode()) <= BCRYPT_LONGEST
    return text if usable else None


def generated(owner: Owner, user: User, secret: Manifest | None, around: Surroundings, mint: Mint) -> Password:
    """A password in a Secret of ours, and how far its rotation is."""
    name = owner.user(user.name)
    current = readable(decoded(secret, "password") or b"")
    if secret is None or current is None:
        return _made(owner, user, mint, known=secret is not None)
    notes = secret.get("metadata", {}).get("annotations") or {}
    born = secret.get("metadata", {}).get("creationTimestamp") or ""
    state = Rotating.read(current, readable(decoded(secret, NEXT) or b""), notes, born)
    turned = rotate(user, name, state, around, mint)
    state = turned.state
    return Password(
        user=user.name,
        secret=name,
        current=state.current,
        upcoming=state.upcoming,
        revoking=bool(state.revoking),
        source="/".join([source(secret), *([state.revoke] if state.revoke else [])]),
        random=not written_by_others(secret),
        rotated_at=rfc3339(state.rotated_at) if state.rotated_at else None,
        next_rotation=turned.due,
        postponed=turned.postponed,
        notes=state.notes(),
        events=turned.events,
    )


def _made(owner: Owner, user: User, mint: Mint, *, known: bool) -> Password:
    name, password = owner.user(user.name), mint.password()
    notes = {ROTATION: user.rotation or "", REVOKE: user.revoke or ""}
    why = f"Secret {name!r} held no usable password: generated one" if known else f"Generated a password in {name!r}"
    event = Occurrence("Normal", Reason.USER_CREATED, f"{why} for user {user.name!r}")
    told = () if is_robot(user) and not known else (event,)  # that they are there goes without saying
    return Password(user=user.name, secret=name, current=password, notes=notes, events=told)


def written_by_others(secret: Manifest) -> bool:
    """Whether the API server's record says that somebody else wrote one of the values."""
    entries = secret.get("metadata", {}).get("managedFields") or ()
    return any(entry.get("fieldsV1", {}).get("f:data") for entry in entries)


def source(secret: Manifest | None) -> str:
    """Which version of which Secret this is; empty for none.

    A Password's own source has the text of `revoke` that was acted on behind it.
    """
    if secret is None:
        return ""
    metadata = secret.get("metadata", {})
    return f"{metadata.get('uid', '')}/{metadata.get('resourceVersion', '')}"


def _broken(known: Password, reason: Reason, message: str) -> Password:
    return Password(user=known.user, secret=known.secret, problem=bad(reason, message))
