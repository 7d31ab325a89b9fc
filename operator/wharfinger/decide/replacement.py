"""How a generated password is replaced, step by step.

Rule: the next password first waits beside the one in use, and takes over once every replica has loaded it; so whoever
reads the Secret at any moment reads a password that works. What is to be done follows from the Secret alone, so any
step may be the last one of an operator and the first of another.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from wharfinger.api.auth import User
from wharfinger.api.parse import ParseError, duration, rfc3339, timestamp
from wharfinger.api.reasons import Reason
from wharfinger.children.user import REVOKE, REVOKING, ROTATED_AT, ROTATION
from wharfinger.decide.mint import Mint
from wharfinger.decide.outcome import Occurrence

MOST_OLD = 16
"""Replaced passwords of one user that may work at a time: each is one more hash to try at every login."""

PATIENCE = timedelta(seconds=60)
"""How long a revocation waits for the replicas to say that they have loaded the new password."""

_AHEAD = timedelta(minutes=5)
"""Times further ahead than this were written by a clock that has been set back since."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a rotation depends on besides its Secret."""

    now: datetime
    loaded: bool = False  # whether every replica has loaded the hashes of both passwords
    settled: bool = False  # whether the file has a line for the password in use, and no other line of the user
    old: int = 0  # replaced passwords that still work


@dataclass(frozen=True, slots=True)
class Rotating:
    """A password's Secret, as far as it is about rotation. `since`: when the password in use came to be."""

    current: str
    upcoming: str | None
    rotation: str = ""
    revoke: str = ""
    rotated_at: datetime | None = None
    revoking: datetime | None = None  # since when earlier passwords are to end
    born: datetime | None = None

    @classmethod
    def read(cls, current: str, upcoming: str | None, notes: Mapping[str, str], born: str) -> Rotating:
        """Read the annotations of a live Secret."""
        return cls(
            current,
            upcoming,
            notes.get(ROTATION, ""),
            notes.get(REVOKE, ""),
            _moment(notes.get(ROTATED_AT, "")),
            _moment(notes.get(REVOKING, "")),
            _moment(born),
        )

    def notes(self) -> dict[str, str]:
        """The annotations that say this."""
        return {
            ROTATION: self.rotation,
            REVOKE: self.revoke,
            ROTATED_AT: rfc3339(self.rotated_at) if self.rotated_at else "",
            REVOKING: rfc3339(self.revoking) if self.revoking else "",
        }


@dataclass(frozen=True, slots=True)
class Turned:
    """What a look at a rotation came to. `due`: when it is to be looked at again because of the schedule."""

    state: Rotating
    due: datetime | None = None
    postponed: bool = False
    events: tuple[Occurrence, ...] = ()


def rotate(user: User, secret: str, state: Rotating, around: Surroundings, mint: Mint) -> Turned:
    """Do the step that is due, if any. `secret` is the name of the password's Secret."""
    now = around.now
    if state.rotated_at is not None and state.rotated_at > now + _AHEAD:
        state = dataclasses.replace(state, rotated_at=now)
    due = _due(user, state)
    asked = user.rotation is not None and user.rotation != state.rotation
    if user.revoke is not None and user.revoke != state.revoke:
        begun = dataclasses.replace(state, upcoming=mint.password(), revoke=user.revoke, revoking=now)
        return Turned(_texts(begun, user), due, events=(_started(user, "to revoke the earlier ones"),))
    if (asked or (due is not None and due <= now)) and state.upcoming is None:
        if around.old >= MOST_OLD:
            return Turned(state, None, postponed=True)
        begun = dataclasses.replace(state, upcoming=mint.password(), revoking=None)
        why = "as `rotation` asks" if asked else "as `rotateEvery` asks"
        return Turned(_texts(begun, user), None, events=(_started(user, why),))
    if asked:  # one is under way: it will do
        return Turned(_texts(state, user), None)
    if state.upcoming is not None:
        return _take_over(user, secret, state, around)
    if state.revoking is not None and around.settled:
        state = dataclasses.replace(state, revoking=None)
    return Turned(state, due)


def _take_over(user: User, secret: str, state: Rotating, around: Surroundings) -> Turned:
    assert state.upcoming is not None
    late = state.revoking + PATIENCE if state.revoking is not None else None
    if not around.loaded and (late is None or around.now < late):
        return Turned(state, late)
    done = dataclasses.replace(state, current=state.upcoming, upcoming=None, rotated_at=around.now)
    if state.revoking is None:
        message = f"The password of user {user.name!r} was replaced; the new one is in Secret {secret!r}"
        event = Occurrence("Normal", Reason.PASSWORD_CHANGED, message)
    else:
        message = f"Every earlier password of user {user.name!r} was revoked; the new one is in Secret {secret!r}"
        event = Occurrence("Normal", Reason.PASSWORD_REVOKED, message)
    return Turned(done, _due(user, done), events=(event,))


def _due(user: User, state: Rotating) -> datetime | None:
    since = state.rotated_at or state.born
    return None if user.rotate_every is None or since is None else since + duration(user.rotate_every)


def _texts(state: Rotating, user: User) -> Rotating:
    return state if user.rotation is None else dataclasses.replace(state, rotation=user.rotation)


def _started(user: User, why: str) -> Occurrence:
    message = f"A new password of user {user.name!r} was made, {why}; it takes over once every replica has loaded it"
    return Occurrence("Normal", Reason.ROTATION_STARTED, message)


def _moment(text: str) -> datetime | None:
    try:
        return timestamp(text) if text else None
    except ParseError:
        return None
