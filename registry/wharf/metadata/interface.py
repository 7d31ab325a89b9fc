"""What the rest of wharf asks of the index, and the records that pass. No I/O here.

Rule: a method is one transaction. When it returns, the change and the events that go with it are durable; when it
raises, nothing of it happened. Implementations: SQLite now, PostgreSQL later; one contract suite tests both.
Methods are coroutines because a networked database needs it; SQLite reads answer without leaving the event loop.

The errors: MetadataError
    MissingReferencesError    the client's to mend: push the content first
    IndexFullError            the operator's to mend: the disk is full; reads and most deletes go on
    IndexUnavailableError     retry: the database is locked, unreadable or closing
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from wharf.metadata.request_ids import Series

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence


class MetadataError(Exception):
    """Base of what an index raises for a caller to tell apart."""


class MissingReferencesError(MetadataError):
    """A manifest names content that its repository does not hold. `digests` lists all of it."""

    def __init__(self, digests: Sequence[str]) -> None:
        super().__init__(f"not in this repository: {', '.join(digests)}; push it before the manifest")
        self.digests = tuple(digests)


class IndexFullError(MetadataError):
    """The disk has no room for the change, and nothing of it happened. Free space or grow the volume, then retry."""


class IndexUnavailableError(MetadataError):
    """The database could not be used, and nothing of the change happened. The message says why; a retry may work."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """An OCI descriptor as referrers are listed (image-spec, descriptor.md)."""

    media_type: str
    digest: str
    size: int
    artifact_type: str = ""
    annotations: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ManifestPut:
    """A verified manifest to be stored. `content` is served back byte for byte."""

    repository: str
    digest: str
    media_type: str
    content: bytes
    blobs: tuple[str, ...]  # must be held by the repository, and durable, before the commit
    manifests: tuple[str, ...]  # children of an index; recorded, and may be absent (sparse indexes)
    subject: str = ""  # recorded, never required to exist (distribution-spec, pushing manifests with subject)
    artifact_type: str = ""
    annotations: tuple[tuple[str, str], ...] = ()
    tags: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()  # blobs where the repository holds them; else recorded, and taken up when pushed


@dataclass(frozen=True, slots=True)
class Manifest:
    """A stored manifest."""

    digest: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob that a repository holds. `size` in bytes."""

    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to content, before any wire format. Becomes one outbox row per interested webhook."""

    id: str  # UUID; stays the same over every attempt
    timestamp: str  # RFC 3339, UTC
    action: str  # push | pull | mount | delete
    repository: str
    digest: str = ""
    media_type: str = ""
    size: int = 0
    tag: str = ""
    url: str = ""
    from_repository: str = ""
    actor: str = ""
    request_id: str = ""
    request_address: str = ""
    request_host: str = ""
    request_method: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class ReferrersWanted:
    """Which referrers: those that follow `after` in byte order, of this artifact type where one is named.

    Up to `limit`; and none after those, two at least, whose artifact types and annotations exceed `size` bytes.
    """

    limit: int
    size: int
    after: str = ""
    artifact_type: str = ""


Flush = Callable[["Sequence[str]"], "Awaitable[Sequence[str]]"]
"""Makes the content of digests survive a power cut; answers those that are not stored (BlobStore.flush)."""

Route = Callable[[Event], "Sequence[str]"]
"""The names of the webhooks that are to be told of an event."""

LikePulls = tuple[Event, str | Series, str, float]
"""A pull, or several that differ by their requests alone: the event of one like them, the request's id or the ids in
their order, the client's address and the Unix time."""

Readable = Callable[[str], bool]
"""Whether content may be taken from a repository of this name."""


class Index(Protocol):
    """Repositories, what they hold, their tags, and the outbox of events.

    Durability: before put_manifest commits, every blob that the manifest names is flushed (see `Flush`).
    Garbage: a hold that no manifest of its repository backs lives for a grace period after it was last touched.
    put_blob, mount_blob and get_blob touch it, and so does the deletion of the manifest that backed it.
    """

    async def put_manifest(self, put: ManifestPut, events: Sequence[Event]) -> None:
        """Store a manifest, point its tags at it, record what it references.

        Creates the repository. Raises MissingReferencesError when a blob is not held by the repository, or its content
        turns out to be lost.
        """

    async def get_manifest(self, repository: str, reference: str) -> Manifest | None:
        """The manifest of a digest or a tag (a reference with a colon is a digest).

        An untagged one that is asked for by digest stays for the grace period, at least.
        """

    async def delete_manifest(self, repository: str, digest: str, events: Sequence[Event]) -> bool:
        """Remove a manifest and every tag that points at it; False when it was not there, and then no event either."""

    async def delete_tag(self, repository: str, tag: str, events: Sequence[Event]) -> bool:
        """Remove a tag and leave its manifest; False when it was not there."""

    async def tags(self, repository: str, after: str, limit: int) -> list[str] | None:
        """Up to `limit` tags in byte order that follow `after`; None when the repository holds no manifest."""

    async def repositories(self, after: str, limit: int) -> list[str]:
        """Up to `limit` names, in byte order, of repositories with a manifest, that follow `after`."""

    async def referrers(self, repository: str, subject: str, wanted: ReferrersWanted) -> list[Descriptor]:
        """Manifests of the repository whose subject is this digest, in byte order of their digest."""

    async def get_blob(self, repository: str, digest: str) -> Blob | None:
        """The blob, when this repository holds it. A push may count on the answer for the grace period."""

    async def put_blob(self, repository: str, blob: Blob) -> None:
        """Record that the content of `blob` is stored and that this repository holds it.

        A manifest of the repository that named it before it was there (`optional`) keeps it from now on, and it is then
        durable at once. Raises MissingReferencesError when the content turns out to be lost.
        """

    async def mount_blob(
        self, repository: str, digest: str, source: str | Readable, events: Sequence[Event]
    ) -> Blob | None:
        """Let this repository hold what `source` already holds; None when it does not.

        `source` as a question: any repository that holds the blob and for which it says yes, such as those that the
        client may read. The events then name the one that was found.
        """

    async def delete_blob(self, repository: str, digest: str, events: Sequence[Event]) -> bool:
        """End this repository's hold on a blob; the content goes when garbage is collected."""

    async def note_pulls(self, pulls: Sequence[LikePulls]) -> None:
        """Note pulls that webhooks are to be told of. They become events later: see metadata/pull_log.py."""
