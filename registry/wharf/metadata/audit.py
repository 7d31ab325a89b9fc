"""What verification asks of the index: whether it is sound, what it says of each thing, and that it be set right.

Rule: what is set right follows from content that proves itself by its digest; nothing is guessed. A correction names
what was seen and does nothing when that has changed meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wharf.metadata.interface import Blob


@dataclass(frozen=True, slots=True)
class Audited:
    """A manifest, and what the index has noted that it names. `blobs` and `others` are digests, in byte order.

    `others` are children, and blobs that were not there when it was pushed.
    """

    id: int
    repository: str
    digest: str
    media_type: str
    content: bytes
    blobs: tuple[str, ...]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class User:
    """A manifest that names a blob, and a tag that points at it, if there is one."""

    repository: str
    manifest: str
    tag: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is to look at. `size` in bytes of all blobs."""

    manifests: int
    blobs: int
    size: int


class Audit(Protocol):
    """The index as verification sees it."""

    async def unsound(self) -> list[str]:
        """What the database itself says is wrong with it; empty when it is sound."""

    async def counts(self) -> Counts:
        """How much there is to look at."""

    async def manifests(self, after: int, limit: int) -> list[Audited]:
        """Up to `limit` manifests whose ids follow `after`, in the order of their ids."""

    async def blobs(self, after: str, limit: int) -> list[Blob]:
        """Up to `limit` blobs, in byte order of their digests, that follow `after`."""

    async def knows(self, digest: str) -> bool:
        """Whether there is a blob of this digest."""

    async def users(self, digest: str, limit: int) -> list[User]:
        """Up to `limit` manifests that name a blob, by repository and digest."""

    async def unheld(self, digest: str) -> list[str]:
        """Repositories in which a manifest names a blob that the repository does not hold, in byte order."""

    async def hold(self, repository: str, digest: str) -> bool:
        """Let a repository hold a blob that is stored; False when it is gone."""

    async def resize(self, blob: Blob, size: int) -> bool:
        """Correct the size of a blob; False when it has changed."""

    async def renew(self, manifest: Audited, blobs: Sequence[str], others: Sequence[str]) -> bool:
        """Note anew what a manifest names; False when it has gone."""
