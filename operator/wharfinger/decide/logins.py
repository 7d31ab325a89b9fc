"""The condition CredentialsReady: whether everyone can log in, and who cannot, and why.

Rule: what needs somebody's help comes before what only needs time.
"""

from __future__ import annotations

from dataclasses import dataclass

from wharfinger.api.parse import rfc3339
from wharfinger.api.reasons import Reason
from wharfinger.api.registry import Registry
from wharfinger.decide import htpasswd as file
from wharfinger.decide import sharing
from wharfinger.decide.condition import Finding, bad, good
from wharfinger.decide.observed import Observed
from wharfinger.decide.passwords import Password
from wharfinger.decide.replacement import MOST_OLD
from wharfinger.decide.replicas import HTPASSWD, sha256, unloaded


@dataclass(frozen=True, slots=True)
class State:
    """What the condition is decided from."""

    registry: Registry
    observed: Observed
    people: tuple[Password, ...]
    robots: tuple[Password, ...]
    staged: bool
    later: int  # passwords that are not hashed yet
    text: str

    @property
    def passwords(self) -> tuple[Password, ...]:
        """Those of people first."""
        return self.people + self.robots


def password_trouble(state: State) -> Finding | None:
    """Is there a password that could not be read?"""
    problems = [password.problem for password in state.passwords if password.problem is not None]
    if not problems:
        return None
    more = f" ({len(problems) - 1} more like it)" if len(problems) > 1 else ""
    user = next(password.user for password in state.passwords if password.problem is not None)
    known = any(line.user == user for line in file.parse(state.text))
    until = "the user's last password goes on working" if known else "the user cannot log in"
    return bad(problems[0].reason, f"{problems[0].message}. Until then {until}{more}")


def being_written(state: State) -> Finding | None:
    """Is there a password that was only just made?"""
    if state.later:
        return bad(Reason.CREDENTIALS_PENDING, f"{state.later} more passwords are being hashed")
    return bad(Reason.CREDENTIALS_PENDING, "a password has just been generated") if state.staged else None


def not_loaded(state: State) -> Finding | None:
    """Is there a replica that has not loaded the newest file?"""
    return unloaded(state.observed, sharing.running(state.registry, state.observed), HTPASSWD, sha256(state.text))


def rotating(state: State) -> Finding | None:
    """Is there a new password that has not taken over yet?"""
    waiting = [password.user for password in state.passwords if password.upcoming]
    return (
        bad(Reason.CREDENTIALS_PENDING, f"the new password of {waiting[0]!r} is about to take over")
        if waiting
        else None
    )


def postponed(state: State) -> Finding | None:
    """Does a rotation wait because too many old passwords still work?"""
    user = next((password.user for password in state.passwords if password.postponed), None)
    if user is None:
        return None
    ends = [line.expires for line in file.parse(state.text) if line.user == user and line.expires is not None]
    until = f"until {rfc3339(min(ends))}" if ends else "for a moment"
    return bad(
        Reason.ROTATION_POSTPONED,
        f"the rotation of {user!r} waits {until}, because {MOST_OLD} replaced passwords of that user still work: "
        "shorten spec.auth.rotationOverlap, rotate less often, or write a new text into `revoke`",
    )


def everyone_can_log_in(state: State) -> Finding:
    """Nothing is wrong; a rule that names nobody is worth a word."""
    count = len(state.people)
    message = f"{count} user{'s' if count != 1 else ''} can log in"
    known = {"*", *(password.user for password in state.people)}
    groups = {group for user in state.registry.spec.auth.users for group in user.groups}
    for number, rule in enumerate(state.registry.spec.access or ()):
        strangers = [f"user {name!r}" for name in rule.users if name not in known]
        strangers += [f"group {name!r}" for name in rule.groups if name not in groups]
        if strangers:
            message += f"; spec.access[{number}] names {strangers[0]}, which spec.auth.users does not have"
            break
    return good(Reason.CREDENTIALS_LIVE, message)


CHECKS = (password_trouble, being_written, not_loaded, rotating, postponed, everyone_can_log_in)
