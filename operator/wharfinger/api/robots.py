"""The two robots of every Registry: accounts of the operator's own, for pods that pull and for jobs that push.

Rule: what a robot may do is said here and nowhere else; `spec.access` is about people.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from wharfinger.api.meta import SET, Glob, ObjectName, Rule
from wharfinger.api.rotation import Rotation
from wharfinger.api.selector import LabelSelector

_Globs = Annotated[tuple[Glob, ...], Meta(min_length=1, max_length=64)]


class PullSecrets(Rotation, frozen=True, kw_only=True):
    """Secret NAME-pull, for `imagePullSecrets`: it may pull and nothing else, whatever `access` says."""

    rules: ClassVar = (
        Rule(
            "!has(self.serviceAccounts) || has(self.namespaceSelector)",
            "serviceAccounts are those of the namespaces that namespaceSelector selects: set it ({} selects all)",
            field_path=".serviceAccounts",
        ),
    )

    repositories: Annotated[_Globs, Meta(description="Globs: what it may pull. Default: everything.")] = ("**",)
    namespace_selector: Annotated[
        LabelSelector | None,
        Meta(
            description="Copy the Secret to every namespace with these labels, as REGISTRY.NAMESPACE-pull. Needs an "
            "operator that was installed with pullSecretsAcrossNamespaces."
        ),
    ] = None
    service_accounts: Annotated[
        tuple[ObjectName, ...],
        Meta(
            description="ServiceAccounts of those namespaces whose imagePullSecrets get the copy, so that their pods "
            "need not name it.",
            max_length=32,
        ),
        SET,
    ] = ()


class PushSecrets(Rotation, frozen=True, kw_only=True):
    """Secret NAME-push, for jobs that build images: it may pull and push, never delete, whatever `access` says."""

    repositories: Annotated[_Globs, Meta(description="Globs: where it may pull and push. Default: everywhere.")] = (
        "**",
    )
