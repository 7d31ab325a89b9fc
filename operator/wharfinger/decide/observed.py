"""What a decision is made from: one frozen snapshot of the cluster as it concerns one Registry.

Rule: plain values only. `wharfinger.observe` fills it at the edge; everything in `wharfinger.decide` only reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Manifest = Mapping[str, Any]  # a Kubernetes object as JSON gives it


@dataclass(frozen=True, slots=True)
class FileReport:
    """What a replica says of one file that it has loaded."""

    sha256: str  # of the bytes in use; empty when nothing usable was ever loaded
    error: str = ""  # why the newest file on disk is not in use


@dataclass(frozen=True, slots=True)
class WebhookReport:
    """What a replica says of one endpoint. Times are RFC 3339, or empty."""

    delivered: int
    pending: int
    dead: int
    last_success: str = ""
    last_error_at: str = ""
    last_error: str = ""
    next_attempt: str = ""
    failed: int = 0
    refused: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class GarbageReport:
    """What a replica says of the last sweep. Times are RFC 3339, or empty; `freed` is bytes."""

    last_run: str = ""
    next_run: str = ""
    freed: int = 0
    error: str = ""  # why it failed
    doubted: int = 0  # blobs for whose sake nothing is removed: the index is not theirs


@dataclass(frozen=True, slots=True)
class Damage:
    """A blob that was found damaged, and the images that name it."""

    digest: str
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The registry's own report (`/status` on its admin port)."""

    version: str
    configuration: FileReport
    htpasswd: FileReport
    certificate: FileReport
    used: int  # bytes of content stored
    capacity: int  # bytes of the file system
    available: int  # bytes free on it
    read_only: bool
    webhooks: Mapping[str, WebhookReport]
    client_ca: FileReport = FileReport("")
    garbage: GarbageReport = GarbageReport()
    damaged: tuple[Damage, ...] = ()  # found by scrubbing, and not mended since
    standby: bool = False  # whether it only stands by: then it says what it has loaded, and nothing of the content


@dataclass(frozen=True, slots=True)
class Replica:
    """A pod of the registry, and its report when it could be asked."""

    pod: Manifest
    report: Report | None
    error: str = ""  # why there is no report
    asked: bool = True  # whether it could have answered by now


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The other namespaces, as far as copies of a pull Secret are concerned."""

    namespaces: Mapping[tuple[str, str], Manifest] = field(default_factory=dict)  # keyed by ("", name)
    copies: Mapping[str, Manifest] = field(default_factory=dict)  # of this Registry, by namespace
    accounts: Mapping[tuple[str, str], Manifest] = field(default_factory=dict)  # keyed by (namespace, name)
    refused: Mapping[str, str] = field(default_factory=dict)  # why a namespace did not take what it was sent last
    reading: bool = False  # whether they have not all been listed yet
    trouble: str = ""  # why they cannot be read


@dataclass(frozen=True, slots=True)
class Observed:
    """All that is known about one Registry's surroundings.

    `children` is keyed by (kind, name), and holds the claim of `spec.storage.existingClaim` too.
    """

    children: Mapping[tuple[str, str], Manifest] = field(default_factory=dict)
    replicas: tuple[Replica, ...] = ()
    webhooks: tuple[Manifest, ...] = ()  # RegistryWebhooks of the namespace that name this Registry
    secrets: Mapping[str, Manifest | None] = field(default_factory=dict)  # referenced, not ours; None: missing
    config_maps: Mapping[str, Manifest | None] = field(default_factory=dict)  # referenced by webhooks, likewise
    # StorageClasses that are concerned, by name; None: there is none. One that could not be read is not in it
    storage_classes: Mapping[str, Manifest | None] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()  # kinds that the spec asks for and that the cluster does not know
    pod_events: tuple[str, ...] = ()  # newest warning messages about our pods and claim, newest first
    # Children that the API server would not take on the last try, keyed as `children`, with its message. The edge
    # remembers one until a later write of the same child succeeds; the decision turns it into a condition.
    refused: Mapping[tuple[str, str], str] = field(default_factory=dict)
    elsewhere: Elsewhere | None = None  # None: the operator was not installed to look there


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator was told at start, the same for every Registry."""

    image: str  # of the registry, where `spec.image` is absent
    cluster_domain: str = "cluster.local"
    namespace: str = ""  # where the operator runs; empty: not in the cluster, or not known
