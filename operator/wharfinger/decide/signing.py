"""What a webhook's requests are signed with: a secret that is generated, or the user's, and the one before it.

Rule: a replaced secret goes on signing beside the new one for the overlap, and its end is written into the registry's
configuration, so it ends though nobody looks. While the Registry is paused nothing is replaced, as the registry would
not hear of it. Without a usable secret nothing is sent, unless one is known from before.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wharfinger.api.parse import ParseError, duration, rfc3339, timestamp
from wharfinger.api.reasons import Reason
from wharfinger.api.status import SigningStatus
from wharfinger.api.webhook import RegistryWebhook
from wharfinger.children import signing as child
from wharfinger.children.owner import Owner, decoded
from wharfinger.decide.condition import Finding, bad
from wharfinger.decide.mint import Mint
from wharfinger.decide.observed import Manifest, Observed
from wharfinger.decide.outcome import Occurrence

MOST_PREVIOUS = 3
"""Replaced secrets that sign at a time; the oldest go when more rotations come within an overlap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """The secrets of one webhook, newest first, each with its end or an empty text."""

    secrets: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    child: dict[str, Any] | None = field(default=None, repr=False)
    problem: Finding | None = None
    status: SigningStatus | None = None
    wake: datetime | None = None  # when the next secret ends
    events: tuple[Occurrence, ...] = ()


@dataclass(frozen=True, slots=True)
class _Known:
    """Our Secret as it is."""

    secret: str = field(default="", repr=False)
    previous: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    source: str = ""
    rotation: str = ""
    rotated_at: str = ""

    @classmethod
    def read(cls, live: Manifest | None, now: datetime) -> _Known:
        """Read the live Secret, whatever became of it; what has ended is not known any more."""
        notes = (live or {}).get("metadata", {}).get("annotations") or {}
        lines = (decoded(live, child.PREVIOUS) or b"").decode(errors="replace").splitlines()
        pairs = [(old, until) for old, _, until in (line.partition(" ") for line in lines)]
        return cls(
            readable(decoded(live, child.SECRET)),
            tuple(pair for pair in pairs if readable(pair[0].encode()) and _ahead(pair[1], now)),
            str(notes.get(child.SOURCE, "")),
            str(notes.get(child.ROTATION, "")),
            str(notes.get(child.ROTATED_AT, "")),
        )


def decide(
    owner: Owner, webhook: RegistryWebhook, observed: Observed, *, paused: bool, now: datetime, mint: Mint
) -> Signing:
    """Decide on the secrets of one webhook."""
    name, spec = webhook.metadata.name, webhook.spec.signing
    live = observed.children.get(("Secret", owner.signing(name)))
    known = _Known.read(live, now)
    wanted, problem = _wanted(webhook, observed, known, mint)
    if known.secret and (paused or not wanted):
        return _outcome(owner, webhook, known, problem=problem)
    if not wanted:
        return Signing(problem=problem)
    previous, rotated_at = known.previous, known.rotated_at
    events: tuple[Occurrence, ...] = ()
    if known.secret and wanted != known.secret:
        ends = now + duration(spec.overlap)
        previous = (((known.secret, rfc3339(ends)),) if ends > now else ()) + previous
        rotated_at = rfc3339(now)
        until = f"; the old one signs too until {rfc3339(ends)}" if ends > now else ""
        where = spec.secret_name or owner.signing(name)
        message = f"The signing secret was replaced by the one in Secret {where!r}{until}"
        events = (Occurrence("Normal", Reason.SIGNING_SECRET_CHANGED, message),)
    rotation = known.rotation if spec.rotation is None else spec.rotation
    fresh = _Known(wanted, previous[:MOST_PREVIOUS], spec.secret_name or "", rotation, rotated_at)
    return _outcome(owner, webhook, fresh, events=events)


def readable(value: bytes | None) -> str:
    """The signing secret in a Secret's value; empty when it is none."""
    text = (value or b"").decode(errors="replace").strip()
    try:
        size = len(base64.b64decode(text.removeprefix("whsec_"), validate=True)) if text.startswith("whsec_") else 0
    except (binascii.Error, ValueError):
        return ""
    return text if 24 <= size <= 64 else ""


def _wanted(webhook: RegistryWebhook, observed: Observed, known: _Known, mint: Mint) -> tuple[str, Finding | None]:
    """The secret that should sign, or why there is none."""
    spec = webhook.spec.signing
    if spec.secret_name is None:
        asked = spec.rotation is not None and spec.rotation != known.rotation
        keep = known.secret and not known.source and not asked
        return known.secret if keep else mint.signing(), None
    live = observed.secrets.get(spec.secret_name)
    secret = readable(decoded(live, spec.key))
    if secret:
        return secret, None
    until = "the last one signs" if known.secret else "events are kept"
    if live is None:
        message = f"Secret {spec.secret_name!r} is missing: create it with a signing secret under {spec.key!r}"
    else:
        message = (
            f"key {spec.key!r} of Secret {spec.secret_name!r} holds no signing secret: put `whsec_` and the base64 of "
            "24 to 64 random bytes there"
        )
    return "", bad(Reason.SIGNING_SECRET_UNUSABLE, f"{message}. Until then {until}")


def _outcome(
    owner: Owner,
    webhook: RegistryWebhook,
    known: _Known,
    *,
    problem: Finding | None = None,
    events: tuple[Occurrence, ...] = (),
) -> Signing:
    name = webhook.metadata.name
    notes = {child.SOURCE: known.source, child.ROTATION: known.rotation, child.ROTATED_AT: known.rotated_at}
    ends = sorted(until for _, until in known.previous)
    return Signing(
        secrets=((known.secret, ""), *known.previous),
        child=child.signing(owner, name, secret=known.secret, previous=known.previous, notes=notes),
        problem=problem,
        status=SigningStatus(
            secret_name=webhook.spec.signing.secret_name or owner.signing(name),
            rotated_at=known.rotated_at or None,
            previous_valid_until=ends[-1] if ends else None,
        ),
        wake=timestamp(ends[0]) if ends else None,
        events=events,
    )


def _ahead(until: str, now: datetime) -> bool:
    try:
        return timestamp(until) > now
    except ParseError:
        return False
