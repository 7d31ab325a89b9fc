"""The two robots of every Registry: accounts of the operator's own, for pods that pull and for jobs that push.

Rule: what a robot may do is said here and nowhere else; `spec.access` is about people.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from wharfinger.api.meta import Glob
from wharfinger.api.rotation import Rotation

_Globs = Annotated[tuple[Glob, ...], Meta(min_length=1, max_length=64)]


class PullSecrets(Rotation, frozen=True, kw_only=True):
    """Secret NAME-pull, for `imagePullSecrets`: it may pull and nothing else, whatever `access` says."""

    repositories: Annotated[_Globs, Meta(description="Globs: what it may pull. Default: everything.")] = ("**",)


class PushSecrets(Rotation, frozen=True, kw_only=True):
    """Secret NAME-push, for jobs that build images: it may pull and push, never delete, whatever `access` says."""

    repositories: Annotated[_Globs, Meta(description="Globs: where it may pull and push. Default: everywhere.")] = (
        "**",
    )
