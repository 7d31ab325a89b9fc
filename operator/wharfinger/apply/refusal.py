"""What a refused write means, and which refusals stand.

Rule: the API server's own words, then the way out. A refusal stands until a later write of the same child succeeds or
is no longer wanted; the decision turns it into a condition and an Event.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from wharfinger.kube.cache import Key
from wharfinger.kube.errors import ForbiddenError, KubeError, OwnedError, PermanentError
from wharfinger.kube.resources import CLAIM, POD

ENDING = "being terminated"  # in the API server's words: the namespace is going
_POLICY = re.compile("ValidatingAdmissionPolicy|admission webhook|denied the request|calling webhook")
_FORBIDDEN = (  # what the API server says, and the way out; the first that matches
    (re.compile(ENDING), "the namespace is being deleted: nothing can be created in it any more"),
    (re.compile("quota"), "raise the namespace's ResourceQuota, or ask for less in the spec"),
    (re.compile("User .* cannot "), "the operator lacks this right: apply the release's ClusterRole again"),
    (re.compile("calling webhook"), "bring that admission webhook back, or take its configuration away"),
    (re.compile(""), "change the policy that forbids it, or the spec to fit it"),
)
_OTHER_TYPE = re.compile(r"\btype: Invalid value.*immutable")  # of a Secret: ours always have the same
Child = tuple[str, str]  # kind and name


@dataclass(frozen=True, slots=True)
class Failure:
    """One write that did not succeed."""

    kind: str
    name: str
    error: KubeError

    @property
    def permanent(self) -> bool:
        """Whether somebody has to change something first."""
        return isinstance(self.error, PermanentError)

    @property
    def ending(self) -> bool:
        """Whether it failed only because the namespace is being deleted."""
        return isinstance(self.error, ForbiddenError) and ENDING in str(self.error)

    @property
    def message(self) -> str:
        """What was refused, in the API server's words, and the way out."""
        return f"{self.error}: {remedy(self.error, self.kind, self.name)}"


def remedy(error: KubeError, kind: str, name: str) -> str:
    """Say what a user can do about a refusal."""
    if isinstance(error, OwnedError) or _OTHER_TYPE.search(str(error)):
        way_out = "set spec.storage.existingClaim to take it over" if kind == CLAIM.kind else "remove it"
        return f"another {kind} named {name} is there already: {way_out}, or choose another name for the Registry"
    if isinstance(error, ForbiddenError) or _POLICY.search(str(error)):
        return next(way_out for pattern, way_out in _FORBIDDEN if pattern.search(str(error)))
    if isinstance(error, PermanentError):
        return "change the field that the message names"
    return "it will be tried again"


class Refusals:
    """The refusals that stand, for each Registry."""

    def __init__(self) -> None:
        self._standing: dict[Key, Mapping[Child, str]] = {}

    def of(self, key: Key) -> Mapping[Child, str]:
        """Return the messages, by kind and name of the child."""
        return self._standing.get(key, {})

    def forget(self, key: Key) -> None:
        """Drop what stands for a Registry that is gone."""
        self._standing.pop(key, None)

    def note(self, key: Key, wanted: Iterable[Child], written: Iterable[Child], failures: Iterable[Failure]) -> bool:
        """Take in how a plan went: what it wanted, wrote and failed at. Returns whether what stands has changed."""
        before = self.of(key)
        lasting = (failure for failure in failures if failure.permanent and failure.kind != POD.kind)  # pods do without
        fresh = {(failure.kind, failure.name): failure.message for failure in lasting}
        untried = {child: before[child] for child in set(wanted) - set(written) if child in before}
        standing = untried | fresh
        self._standing.pop(key, None)
        if standing:
            self._standing[key] = standing
        return standing != before
