"""The operator's own accounts in a registry: one that pulls, one that pushes.

Rule: their names begin with _, which no user's name can (api.auth), so neither a user nor an access rule can mean them.
"""

from __future__ import annotations

from dataclasses import dataclass

from wharfinger.api.auth import User
from wharfinger.api.registry import Registry
from wharfinger.api.rotation import Rotation

PULL, PUSH = "_pull", "_push"


@dataclass(frozen=True, slots=True)
class Robot:
    """One robot: an account like a user's, and what it may do."""

    account: User
    repositories: tuple[str, ...]
    actions: tuple[str, ...]


def is_robot(user: User) -> bool:
    """Whether an account is the operator's own."""
    return user.name.startswith("_")


def robots(registry: Registry) -> tuple[Robot, ...]:
    """The robots of a Registry."""
    pull, push = registry.spec.pull_secrets, registry.spec.push_secrets
    return (
        Robot(_account(PULL, pull), pull.repositories, ("pull",)),
        Robot(_account(PUSH, push), push.repositories, ("pull", "push")),
    )


def _account(name: str, when: Rotation) -> User:
    return User(name=name, rotation=when.rotation, rotate_every=when.rotate_every, revoke=when.revoke)
