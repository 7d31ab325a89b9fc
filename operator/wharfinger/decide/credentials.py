"""Credentials: from `spec.auth` to password Secrets, htpasswd file, and the Secrets that pods and jobs log in with.

Rule: nobody's working password stops because of somebody else's broken Secret, an unchanged line is never hashed anew,
and a replaced password works until the time that status names.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wharfinger.api.auth import DEFAULT_USER, User
from wharfinger.api.parse import duration, rfc3339
from wharfinger.api.reasons import Reason
from wharfinger.api.registry import Registry
from wharfinger.api.status import UserStatus
from wharfinger.children.docker import document_of
from wharfinger.children.htpasswd import htpasswd as htpasswd_secret
from wharfinger.children.owner import Owner
from wharfinger.children.user import user
from wharfinger.decide import htpasswd as file
from wharfinger.decide import sharing
from wharfinger.decide.condition import Finding, first
from wharfinger.decide.copies import spread
from wharfinger.decide.docker_secrets import Counter, docker_secret
from wharfinger.decide.logins import CHECKS, State
from wharfinger.decide.mint import Mint
from wharfinger.decide.observed import Manifest, Observed
from wharfinger.decide.outcome import Occurrence, Outcome
from wharfinger.decide.passwords import Password, generated, given, source
from wharfinger.decide.replacement import MOST_OLD, Surroundings
from wharfinger.decide.replicas import sha256
from wharfinger.decide.robots import PULL, robots
from wharfinger.decide.written import Written

MOST_HASHED = 32
"""Passwords that people chose and that are hashed in one pass, at some 60 ms each: a pass has to end in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials(Outcome):
    """Children and facts of this concern. `text` is the htpasswd file that should be loaded."""

    text: str
    finding: Finding
    users: tuple[UserStatus, ...]
    robots: tuple[UserStatus, ...]


def users(registry: Registry) -> tuple[User, ...]:
    """The users of a Registry: those of the spec, or the one that everybody gets."""
    return registry.spec.auth.users or (User(name=DEFAULT_USER),)


def decide(
    registry: Registry, owner: Owner, observed: Observed, counter: Counter, *, now: datetime, mint: Mint
) -> Credentials:
    """Decide on passwords, hashes, and the Secrets of the robots."""
    written = Written.read(owner, observed, sharing.running(registry, observed))
    desk = _Desk(registry, owner, observed, written, now, mint)
    people = tuple(desk.password(user) for user in users(registry))
    machines = tuple(desk.password(robot.account) for robot in robots(registry))
    passwords = people + machines
    logins = [docker_secret(owner, observed, written, password, counter) for password in machines]
    held = frozenset(p.user for p, secret in zip(machines, logins, strict=True) if _behind(p, secret, observed))
    staged = any(not password.source and password.problem is None for password in passwords)
    later = frozenset([p.user for p in passwords if desk.costly(p)][MOST_HASHED:])
    lines = list(written.lines) if staged else [line for p in passwords for line in desk.lines(p, held, later)]
    text = (written.text or "") if staged else file.render(lines)
    children = [user_secret(owner, password) for password in people if password.notes]
    children += logins
    if not staged:
        noted = {p.user: "" if p.user in later else p.source for p in passwords}
        sources = {user: source or written.sources.get(user, "") for user, source in noted.items()}
        children.append(htpasswd_secret(owner, text=text, sources=sources, sha256=sha256(text)))
    return Credentials(
        children=tuple(children),
        keep=frozenset({("Secret", owner.htpasswd)}),
        events=(
            *(event for password in passwords for event in password.events),
            *(() if staged else (*desk.removed(passwords), *desk.replaced(passwords, lines), *desk.ended(passwords))),
        ),
        wake=_wake(passwords, lines),
        text=text,
        finding=first(CHECKS, State(registry, observed, people, machines, staged, len(later), text)),
        users=tuple(_status(p, lines) for p in people if any(line.user == p.user for line in lines)),
        robots=tuple(_status(p, lines) for p in machines if any(line.user == p.user for line in lines)),
    )


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
            return given(user, self.observed, self.written.sources.get(user.name, ""))
        secret = self.observed.children.get(("Secret", self.owner.user(user.name)))
        mine = self.written.of(user.name)
        seen = bool(secret) and self.written.version(user.name) == source(secret)
        around = Surroundings(
            self.now,
            loaded=seen and len(file.live(mine)) > 1 and self.written.loaded,
            settled=seen and len(mine) == 1,
            old=sum(line.expires is not None and line.expires > self.now for line in mine),
        )
        return generated(self.owner, user, secret, around, self.mint)

    def costly(self, password: Password) -> bool:
        """Whether the password has to be hashed, or compared with hashes, at a real cost."""
        known = password.problem is not None or self.written.seen(password.user, password.source)
        return not known and not password.random

    def lines(self, password: Password, held: frozenset[str], later: frozenset[str]) -> list[file.Line]:
        """The lines that a user should have.

        `held`: whose replaced password is still what others were given; `later`: whose new one is not hashed yet.
        """
        overlap = duration(self.registry.spec.auth.rotation_overlap)
        mine = self.written.of(password.user)
        endless, ending = file.live(mine), file.unexpired(mine, overlap, self.now)
        if not self.written.trusted or password.revoking:
            ending = []
        if password.problem is not None or password.current is None or password.user in later:
            return [*endless, *ending] if self.written.trusted else []
        passwords = [password.current, *([password.upcoming] if password.upcoming else [])]
        if self.written.seen(password.user, password.source) and len(endless) == len(passwords):
            return [*endless, *ending]
        end = self.now + overlap if overlap and self.written.trusted and not password.revoking else None
        kept, replaced = file.renewed(password.user, endless, passwords, self.mint, end, random=password.random)
        if password.user in held:
            return [*kept, *(line for line in endless if line not in kept), *ending]
        return [*kept, *file.latest([*replaced, *ending], MOST_OLD)]

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
            old = file.live(self.written.of(password.user))
            if old and not set(old) & set(now):
                message = f"The password of user {password.user!r} was replaced, as Secret {password.secret!r} says"
                told.append(Occurrence("Normal", Reason.PASSWORD_CHANGED, message))
        return tuple(told)

    def ended(self, passwords: Iterable[Password]) -> tuple[Occurrence, ...]:
        """Replaced passwords whose time is over."""
        over = {line.user for line in self.written.lines if line.expires is not None and line.expires <= self.now}
        return tuple(
            Occurrence("Normal", Reason.PASSWORD_ENDED, f"A replaced password of user {p.user!r} no longer works")
            for p in passwords
            if p.user in over
        )


def _behind(password: Password, secret: Manifest, observed: Observed) -> bool:
    """Whether copies in other namespaces still hold what the pull Secret no longer says."""
    return password.user == PULL and not spread(observed, document_of(secret))


def user_secret(owner: Owner, password: Password) -> dict[str, Any]:
    """The Secret of a user whose password is generated."""
    assert password.current is not None
    return user(
        owner,
        name=password.user,
        password=password.current,
        upcoming=password.upcoming or "",
        notes=password.notes,
    )


def _wake(passwords: Iterable[Password], lines: Iterable[file.Line]) -> datetime | None:
    """When a line ends, or a password is to be replaced."""
    moments = [line.expires for line in lines] + [password.next_rotation for password in passwords]
    return min((moment for moment in moments if moment is not None), default=None)


def _status(password: Password, lines: Iterable[file.Line]) -> UserStatus:
    ends = [line.expires for line in lines if line.user == password.user and line.expires is not None]
    return UserStatus(
        name=password.user,
        secret_name=password.secret,
        rotated_at=password.rotated_at,
        previous_valid_until=rfc3339(max(ends)) if ends else None,
        next_rotation=rfc3339(password.next_rotation) if password.next_rotation else None,
    )
