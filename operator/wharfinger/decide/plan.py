"""What a decision comes to: the writes that would make the cluster what the Registry asks for.

Rule: plain values only; `wharfinger.apply` carries them out in the order given and adds nothing of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from wharfinger.decide.observed import Manifest


@dataclass(frozen=True, slots=True)
class Reference:
    """Names one object in the Registry's namespace."""

    api_version: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Removal:
    """What others added to a child and is to go: a strategic merge patch."""

    reference: Reference
    patch: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """A Kubernetes Event about `regarding`. Reasons are CamelCase and documented in `decide/reasons.py`."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str
    regarding: Reference


@dataclass(frozen=True, slots=True)
class Distribution:
    """What is to be done in other namespaces about copies of the pull Secret, in this order: the Secrets, then the
    ServiceAccounts that name them (merge patches with the resourceVersion that was decided about), then deletions.
    """

    apply: tuple[Manifest, ...] = ()
    accounts: tuple[Manifest, ...] = ()
    delete: tuple[Manifest, ...] = ()  # Secrets as they are


@dataclass(frozen=True, slots=True)
class Plan:
    """The outcome of one decision.

    `apply` holds only children that differ from what is there, `remove` what others added to them. `statuses` holds
    only statuses that changed, keyed by the object they belong to (the Registry, and its RegistryWebhooks). `poke`
    names pods that have not loaded a mounted file in its newest form: an annotation of theirs is to be patched so that
    their kubelet refreshes the files at once. They stay in it until they have, so the edge limits how often a pod is
    poked. `costs` are annotations of pods by which they are chosen when there are to be fewer, by name; None takes one
    off. `ask` says that pods are to be heard before anything can be told.
    """

    apply: tuple[Manifest, ...] = ()
    remove: tuple[Removal, ...] = ()
    delete: tuple[Reference, ...] = ()
    statuses: Mapping[Reference, dict[str, Any]] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    poke: tuple[str, ...] = ()
    costs: Mapping[str, str | None] = field(default_factory=dict)
    ask: bool = False
    why: Mapping[tuple[str, str], str] = field(default_factory=dict)  # of each child in `apply`, for the log
    elsewhere: Distribution = field(default_factory=Distribution)
    requeue_after: float | None = None  # seconds until the next look, when nothing happens before
