"""Who may log in to a registry, and what each may do there.

Rule: passwords are named, never written here.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, field

from wharfinger.api.content import Tokens
from wharfinger.api.meta import SET, DataKey, Duration, Glob, Model, ObjectName, Rule, checked, list_map
from wharfinger.api.rotation import Rotation

DEFAULT_USER = "admin"

_USER_NAME = Rule(
    "self.matches('^[A-Za-z0-9][A-Za-z0-9._@+-]*$')",
    "a user needs a name that starts with a letter or digit and holds only letters, digits and ._@+- (no colon, no "
    "space): rename the user",
)
UserName = Annotated[str, checked(_USER_NAME, max_length=64)]
RuleUser = Annotated[
    str,
    checked(
        Rule(
            "self == '*' || self.matches('^[A-Za-z0-9][A-Za-z0-9._@+-]*$')",
            "not a user name: name a user of spec.auth.users, or write * for everybody who has logged in",
        ),
        max_length=64,
    ),
]
_GROUP_NAME = Rule(
    "self.matches('^[A-Za-z0-9][A-Za-z0-9._@+-]*$')",
    "a group needs a name that starts with a letter or digit and holds only letters, digits and ._@+- (no colon, no "
    "space, and no *: for every user write users: ['*']): rename the group",
)
GroupName = Annotated[str, checked(_GROUP_NAME, max_length=64)]


class SecretKey(Model, frozen=True, kw_only=True):
    """One value in a Secret of the namespace."""

    secret_name: Annotated[ObjectName, Meta(description="Name of the Secret.")]
    key: Annotated[DataKey, Meta(description="Key in its data.")] = "password"


class User(Rotation, frozen=True, kw_only=True):
    """Someone who may log in."""

    rules: ClassVar = (
        Rule(
            "!(has(self.passwordFrom) && has(self.rotation))",
            "rotation is for generated passwords: remove it, and change the Secret that passwordFrom names",
            field_path=".rotation",
        ),
        Rule(
            "!(has(self.passwordFrom) && has(self.rotateEvery))",
            "rotateEvery is for generated passwords: remove it, and change the Secret that passwordFrom names",
            field_path=".rotateEvery",
        ),
    )

    name: Annotated[UserName, Meta(description="Login name; unique.")]
    groups: Annotated[
        tuple[GroupName, ...], Meta(description="Groups that access rules can name.", max_length=32), SET
    ] = ()
    password_from: Annotated[
        SecretKey | None,
        Meta(
            description="Password from a Secret of yours. Absent: generated into Secret REGISTRY-user-NAME; "
            "status.users says what it is called, as a name that no Secret can have (capitals, _, @, +) is changed and "
            "gets a hash."
        ),
    ] = None


class Auth(Model, frozen=True, kw_only=True):
    """Who may log in, and how long a replaced password goes on working."""

    users: Annotated[
        tuple[User, ...],
        Meta(
            description=f"Users. Absent: one named {DEFAULT_USER}. A list is all there are: name {DEFAULT_USER} in it, "
            "too, to keep that user, or to replace its password.",
            max_length=512,
        ),
        list_map("name"),
    ] = ()
    rotation_overlap: Annotated[
        Duration,
        Meta(description="How long a replaced password stays valid besides the new one; 0s ends it at once."),
    ] = "24h"
    tokens: Annotated[Tokens, Meta(description="Tokens instead of passwords.")] = field(default_factory=Tokens)


class AccessRule(Model, frozen=True, kw_only=True):
    """Grants actions on repositories. The most specific matching pattern decides; what no rule allows is denied."""

    rules: ClassVar = (
        Rule(
            "self.anonymous || has(self.users) && size(self.users) > 0 || has(self.groups) && size(self.groups) > 0",
            "a rule must be for someone: name users or groups, or set anonymous to true",
        ),
    )

    repositories: Annotated[
        tuple[Glob, ...],
        Meta(description="Globs: `*` within one path part, `**` across parts.", min_length=1, max_length=64),
    ]
    users: Annotated[
        tuple[RuleUser, ...], Meta(description="Users that the rule is for; `*`: every user.", max_length=128)
    ] = ()
    groups: Annotated[tuple[GroupName, ...], Meta(description="Groups that the rule is for.", max_length=64)] = ()
    anonymous: Annotated[bool, Meta(description="The rule is also for clients without credentials.")] = False
    actions: Annotated[
        tuple[Literal["pull", "push", "delete"], ...],
        Meta(description="What the rule allows: pull, push, delete.", min_length=1, max_length=3),
        SET,
    ]
