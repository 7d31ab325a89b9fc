"""Credentials: from `spec.auth` to password Secrets, htpasswd file and pull Secret.

Rule: nobody's working password stops because of somebody else's broken Secret, an unchanged line is never hashed anew,
and a replaced password works until the time that status names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from wharfinger.api.auth import DEFAULT_USER, User
from wharfinger.api.parse import duration, rfc3339
from wharfinger.api.reasons import Reason
from wharfinger.api.registry import Registry
from wharfinger.api.status import UserStatus
from wharfinger.children.htpasswd import SHA256, SOURCES
from wharfinger.children.htpasswd import htpasswd as htpasswd_secret
from wharfinger.children.owner import Owner, decoded
from wharfinger.children.pull import pull
from wharfinger.decide import htpasswd as file
from wharfinger.decide.condition import Finding, bad, first, good
from wharfinger.decide.mint import Mint
from wharfinger.decide.observed import Observed
from wharfinger.decide.outcome import Occurrence, Outcome
from wharfinger.decide.passwords import Password, generated, given, source
from wharfinger.decide.replicas import HTPASSWD, sha256, unloaded


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials(Outcome):
    """Children and facts of this concern. `text` is the htpasswd file that should be loaded."""

    text: str
    finding: Finding
    users: tuple[UserStatus, ...]


def users(registry: Registry) -> tuple[User, ...]:
    """The users of a Registry: those of the spec, or the one that everybody gets."""
    return registry.spec.auth.users or (User(name=DEFAULT_USER),)


def decide(
    registry: Registry, owner: Owner, observed: Observed, servers: Iterable[str], *, now: datetime, mint: Mint
) -> Credentials:
    """Decide on passwords, hashes and the pull Secret. `servers` are the names that the registry is pulled by."""
    written = Written.read(owner, observed)
    desk = _Desk(registry, owner, observed, written, now, mint)
    passwords = tuple(desk.password(user) for user in users(registry))
    staged = any(not password.source and password.problem is None for password in passwords)
    lines = list(written.lines) if staged else [line for password in passwords for line in desk.lines(password)]
    text = (written.text or "") if staged else file.render(lines)
    children = [password.child for password in passwords if password.child is not None]
    keep = {("Secret", owner.pull)}
    if passwords[0].current is not None:
        children.append(pull(owner, servers=servers, user=passwords[0].user, password=passwords[0].current))
    if staged:
        keep.add(("Secret", owner.htpasswd))
    else:
        sources = {p.user: p.source or written.sources.get(p.user, "") for p in passwords}
        children.append(htpasswd_secret(owner, text=text, sources=sources, sha256=sha256(text)))
    return Credentials(
        children=tuple(children),
        keep=frozenset(keep),
        events=(
            *(event for password in passwords for event in password.events),
            *(() if staged else (*desk.removed(passwords), *desk.replaced(passwords, lines))),
        ),
        wake=min((line.expires for line in lines if line.expires is not None), default=None),
        text=text,
        finding=first(CHECKS, State(registry, observed, passwords, staged, text)),
        users=tuple(_status(p, lines) for p in passwords if any(line.user == p.user for line in lines)),
    )


@dataclass(frozen=True, slots=True)
class Written:
    """The htpasswd Secret as it is. Lines are trusted only in a text that is the one we wrote."""

    text: str | None
    lines: tuple[file.Line, ...]
    sources: dict[str, str]
    trusted: bool

    @classmethod
    def read(cls, owner: Owner, observed: Observed) -> Written:
        """Read the live Secret, whatever became of it."""
        secret = observed.children.get(("Secret", owner.htpasswd))
        raw = decoded(secret, "htpasswd")
        text = None if raw is None else raw.decode(errors="replace")
        annotations = (secret or {}).get("metadata", {}).get("annotations") or {}
        try:
            noted = json.loads(annotations.get(SOURCES, "{}"))
        except ValueError:
            noted = None
        trusted = isinstance(noted, dict) and annotations.get(SHA256) == sha256(text)
        sources = {str(user): str(source) for user, source in noted.items()} if trusted else {}
        return cls(text, tuple(file.parse(text or "")), sources, trusted)


@dataclass(frozen=True, slots=True)
class _Desk:
    """All that each user's password and lines are decided from."""

    registry: Registry
    owner: Owner
    observed: Observed
    written: Written
    now: datetime
    mint: Mint

    def password(self, user: User) -> Password:
        if user.password_from is not None:
            return given(user, self.observed)
        secret = self.observed.children.get(("Secret", self.owner.user(user.name)))
        both = len(file.live(self._of(user.name))) == 2
        loaded = both and self._seen(user.name, source(secret)) and self._settled()
        return generated(self.owner, user, secret, loaded=loaded, now=self.now, mint=self.mint)

    def lines(self, password: Password) -> list[file.Line]:
        """The lines that a user should have."""
        overlap = duration(self.registry.spec.auth.rotation_overlap)
        mine = self._of(password.user)
        endless, ending = file.live(mine), file.unexpired(mine, overlap, self.now)
        if not self.written.trusted:
            ending = []
        if password.problem is not None or password.current is None:
            return [*endless, *ending] if self.written.trusted else []
        passwords = [password.current, *([password.upcoming] if password.upcoming else [])]
        if self._seen(password.user, password.source) and len(endless) == len(passwords):
            return [*endless, *ending]
        end = self.now + overlap if overlap and self.written.trusted else None
        kept, replaced = file.renewed(password.user, endless, passwords, self.mint, end, random=password.random)
        return [*kept, *replaced, *ending]

    def removed(self, passwords: Iterable[Password]) -> tuple[Occurrence, ...]:
        gone = {line.user for line in self.written.lines} - {password.user for password in passwords}
        return tuple(
            Occurrence("Normal", Reason.USER_REMOVED, f"User {user!r} can no longer log in") for user in sorted(gone)
        )

    def replaced(self, passwords: Iterable[Password], lines: Iterable[file.Line]) -> tuple[Occurrence, ...]:
        """Passwords that somebody changed in their Secret."""
        now = file.live(lines)
        told = []
        for password in passwords:
            old = file.live(self._of(password.user))
            if old and not set(old) & set(now):
                message = f"The password of user {password.user!r} was replaced, as Secret {password.secret!r} says"
                told.append(Occurrence("Normal", Reason.PASSWORD_CHANGED, message))
        return tuple(told)

    def _of(self, user: str) -> list[file.Line]:
        return [line for line in self.written.lines if line.user == user]

    def _seen(self, user: str, seen: str) -> bool:
        return bool(seen) and self.written.sources.get(user) == seen

    def _settled(self) -> bool:
        wanted = self.registry.spec.running
        return unloaded(self.observed, wanted, HTPASSWD, sha256(self.written.text)) is None


@dataclass(frozen=True, slots=True)
class State:
    """What the condition is decided from."""

    registry: Registry
    observed: Observed
    passwords: tuple[Password, ...]
    staged: bool
    text: str


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
    return bad(Reason.CREDENTIALS_PENDING, "a password has just been generated") if state.staged else None


def not_loaded(state: State) -> Finding | None:
    """Is there a replica that has not loaded the newest file?"""
    return unloaded(state.observed, state.registry.spec.running, HTPASSWD, sha256(state.text))


def rotating(state: State) -> Finding | None:
    """Is there a new password that has not taken over yet?"""
    waiting = [password.user for password in state.passwords if password.upcoming]
    return (
        bad(Reason.CREDENTIALS_PENDING, f"the new password of {waiting[0]!r} is about to take over")
        if waiting
        else None
    )


def everyone_can_log_in(state: State) -> Finding:
    """Nothing is wrong; a rule that names nobody is worth a word."""
    count = len(state.passwords)
    message = f"{count} user{'s' if count != 1 else ''} can log in"
    known = {"*", *(password.user for password in state.passwords)}
    groups = {group for user in state.registry.spec.auth.users for group in user.groups}
    for number, rule in enumerate(state.registry.spec.access or ()):
        strangers = [f"user {name!r}" for name in rule.users if name not in known]
        strangers += [f"group {name!r}" for name in rule.groups if name not in groups]
        if strangers:
            message += f"; spec.access[{number}] names {strangers[0]}, which spec.auth.users does not have"
            break
    return good(Reason.CREDENTIALS_LIVE, message)


CHECKS = (password_trouble, being_written, not_loaded, rotating, everyone_can_log_in)


def _status(password: Password, lines: Iterable[file.Line]) -> UserStatus:
    ends = [line.expires for line in lines if line.user == password.user and line.expires is not None]
    return UserStatus(
        name=password.user,
        secret_name=password.secret,
        rotated_at=password.rotated_at,
        previous_valid_until=rfc3339(max(ends)) if ends else None,
    )
