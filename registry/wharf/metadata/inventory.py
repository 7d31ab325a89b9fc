"""What garbage collection asks of the index: everything that is in it, what needs it, and its removal.

Rule: a removal names the times that were seen when it was decided. Whatever was touched since, because somebody counts
on it again, is found out in the transaction that removes, and stays. All times are Unix seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository, and when it was last pushed to."""

    name: str
    active: float


@dataclass(frozen=True, slots=True)
class StoredManifest:
    """A manifest and what it means to others. `children` and `subject` are digests, `size` is bytes.

    `touched`: when it was pushed, lost a tag or a parent, or was asked for by digest. `orphaned`: an index or a subject
    that it belonged to was deleted.
    """

    id: int
    digest: str
    size: int
    touched: float
    orphaned: bool = False
    subject: str = ""
    children: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hold:
    """A repository's hold on a blob that no manifest of that repository names, and when it was last touched."""

    repository: str
    touched: float


@dataclass(frozen=True, slots=True)
class Content:
    """A blob: how many manifests name it, and who holds it without naming it. `touched` is the blob's own time.

    `leaving` of the manifests are to be removed.
    """

    digest: str
    size: int
    touched: float
    manifests: int = 0
    leaving: int = 0
    unbacked: tuple[Hold, ...] = ()


class Inventory(Protocol):
    """The index as garbage collection sees it."""

    async def repositories(self, after: str, limit: int) -> list[Repository]:
        """Up to `limit` repositories, in byte order of their names, that follow `after`; those of nothing as well."""

    async def manifests(self, repository: str) -> list[StoredManifest]:
        """The manifests of a repository, in byte order of their digests."""

    async def remove_manifests(self, seen: Sequence[StoredManifest], touch: float) -> list[int]:
        """Remove those that have no tag and were not touched since they were seen; the ids of those removed.

        The holds on their blobs count as touched at `touch`, unless they were touched later.
        """

    async def contents(self, after: str, limit: int, leaving: Sequence[int] = ()) -> list[Content]:
        """Up to `limit` blobs, in byte order of their digests, that follow `after`.

        `leaving` are the ids of manifests that are to be removed.
        """

    async def unknown(self, digests: Sequence[str]) -> list[str]:
        """Those of the digests that the index does not know."""

    async def release(self, holds: Sequence[tuple[str, Hold]], blobs: Sequence[Content]) -> list[str]:
        """End holds on digests, and remove blobs, that nothing needs and that were not touched since they were seen.

        Answers the digests of the blobs that were removed: their content may be deleted.
        """

    async def drop_empty_repositories(self) -> int:
        """Remove repositories that have neither manifests nor holds; how many."""

    async def rejuvenate(self, now: float) -> None:
        """Let no time be later than now: the clock was wrong when it was written."""
