"""Access rules: who may do what in which repository. Pure: rules and a question in, a decision and its reason out.

Rule: deny by default. The most specific pattern that matches the repository decides, and only the rules that carry it;
a wider rule never adds to a narrower one, so a repository can be closed to people who see everything around it.
Most specific: the most literal characters, then fewer `**`, then fewer `*`. Rules that tie add up.
Robots stand outside: a grant of their own says what they may, whatever the rules say of users; what is open to clients
without credentials is open to them too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wharf.protocol import globs, references

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wharf.config import AccessRule, Action, Robot

EVERY_USER = "*"  # in a rule's `users`: whoever has logged in
CACHE_LIMIT = 4096  # repositories whose deciding rules are remembered

Scope = frozenset[tuple[str, str, str]]
"""What a token covers: (type, name, action)."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who asks. An empty name is a client without credentials.

    `scope`: all that a token covers; None: there is no token, and the rules alone decide. `proof` names the password
    that was given (Credentials.prove).
    """

    name: str = ""
    groups: frozenset[str] = frozenset()
    scope: Scope | None = None
    proof: str = ""

    @property
    def anonymous(self) -> bool:
        """Whether nobody has logged in."""
        return not self.name


ANONYMOUS = Subject()


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether it is allowed, and the sentence that explains why."""

    allowed: bool
    reason: str


@dataclass(frozen=True, slots=True)
class _Pattern:
    text: str
    matches: Callable[[str], object]
    specificity: tuple[int, int, int]
    rule: int  # its place in the configuration, from 0


@dataclass(slots=True)
class AccessPolicy:
    """The access rules of one configuration.

    `rules` None: every user may do everything; anonymous clients may too where nobody can log in (`login` False).
    `robots`: users, by name, whom the rules do not concern.
    """

    rules: Sequence[AccessRule] | None
    login: bool = True
    robots: Mapping[str, Robot] = field(default_factory=dict)
    _patterns: list[_Pattern] = field(init=False, default_factory=list)
    _deciding: dict[str, list[_Pattern]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Compile the patterns once."""
        for number, rule in enumerate(self.rules or ()):
            self._patterns += [_compile(text, number) for text in rule.repositories]

    def decide(self, subject: Subject, repository: str, action: Action) -> Decision:
        """Whether `subject` may do `action` in `repository`."""
        if subject.scope is not None and ("repository", repository, action) not in subject.scope:
            return Decision(False, f"the token does not cover {action} in {repository!r}")
        if (robot := self.robots.get(subject.name)) is not None:
            return self._of_robot(subject.name, robot, repository, action)
        if self.rules is None:
            return self._without_rules(subject)
        deciding = self._find(repository)
        if not deciding:
            return Decision(False, f"no rule matches repository {repository!r}, and what no rule allows is denied")
        for pattern in deciding:
            rule = self.rules[pattern.rule]
            if action in rule.actions and (who := _applies(rule, subject)):
                return Decision(True, f"rule {pattern.rule + 1} ({pattern.text!r}) allows {action} to {who}")
        named = ", ".join(f"{pattern.rule + 1} ({pattern.text!r})" for pattern in deciding)
        who = f"user {subject.name!r}" if subject.name else "anonymous clients"
        return Decision(
            False, f"the most specific match for {repository!r} is rule {named}, which does not allow {action} to {who}"
        )

    def allows(self, subject: Subject, repository: str, *actions: Action) -> bool:
        """Whether any of the actions is allowed."""
        return any(self.decide(subject, repository, action).allowed for action in actions)

    def open_to_anonymous(self) -> bool:
        """Whether a client without credentials may do anything anywhere."""
        if self.rules is None:
            return not self.login
        return any(rule.anonymous for rule in self.rules)

    def _of_robot(self, name: str, robot: Robot, repository: str, action: Action) -> Decision:
        if action in robot.actions:
            for pattern in robot.repositories:
                if globs.matches(pattern, repository):
                    return Decision(True, f"robot {name!r} is granted {action} in {pattern!r}")
        if (open_to_all := self.decide(ANONYMOUS, repository, action)).allowed:
            return open_to_all
        granted = f"{', '.join(robot.actions)} in {', '.join(map(repr, robot.repositories))}"
        return Decision(False, f"robot {name!r} is granted {granted} only, and rules for users do not concern it")

    def _without_rules(self, subject: Subject) -> Decision:
        if not self.login:
            return Decision(True, "neither users nor rules are configured: everyone may do everything")
        if subject.anonymous:
            return Decision(False, "there are no access rules, so only logged-in users may do anything")
        return Decision(True, "there are no access rules, so every logged-in user may do everything")

    def _find(self, repository: str) -> list[_Pattern]:
        found = self._deciding.get(repository)
        if found is None:
            matching = [one for one in self._patterns if one.matches(repository)]
            best = max((one.specificity for one in matching), default=None)
            found = [one for one in matching if one.specificity == best]
            if len(self._deciding) >= CACHE_LIMIT:
                self._deciding.clear()
            if references.is_name(repository):
                self._deciding[repository] = found
        return found


def subject_of(name: str, groups: Mapping[str, Sequence[str]], scope: Scope | None = None, proof: str = "") -> Subject:
    """A logged-in user with the groups that list it."""
    return Subject(name, frozenset(group for group, members in groups.items() if name in members), scope, proof)


def _compile(text: str, rule: int) -> _Pattern:
    double = text.count("**")
    single = text.count("*") - 2 * double
    return _Pattern(text, globs.compiled(text), (len(text) - text.count("*"), -double, -single), rule)


def _applies(rule: AccessRule, subject: Subject) -> str:
    """Whom the rule means when it means `subject`; empty when it does not."""
    if not subject.anonymous:
        if subject.name in rule.users:
            return f"user {subject.name!r}"
        if EVERY_USER in rule.users:
            return "every logged-in user"
        if shared := sorted(subject.groups & set(rule.groups)):
            return f"group {shared[0]!r}"
    return "everyone" if rule.anonymous else ""
