"""What people ask of deletions: which can be undone, and that one be undone.

Rule: a deletion can be undone for the grace period, while its content is kept; then it is forgotten, with the content.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from wharf.metadata.interface import MetadataError

if TYPE_CHECKING:
    from collections.abc import Sequence

MANIFEST = "manifest"
BLOB = "blob"


class ContentGoneError(MetadataError):
    """A deletion cannot be undone: what the manifest names is gone. Push the image again."""

    def __init__(self, digest: str, missing: Sequence[str]) -> None:
        super().__init__(f"{digest} cannot be restored: {', '.join(missing)} is gone; push the image again")


@dataclass(frozen=True, slots=True)
class Deletion:
    """Something that was deleted from a repository. `kind` is MANIFEST or BLOB, `deleted` Unix seconds, `size` bytes.

    `tags` pointed at the manifest.
    """

    digest: str
    repository: str
    kind: str
    deleted: float
    size: int
    tags: tuple[str, ...] = ()


class Deletions(Protocol):
    """The deletions that can be undone."""

    async def find(self, digest: str, limit: int) -> list[Deletion]:
        """Up to `limit` deletions of a digest, or of all digests where it is empty, by repository and digest."""

    async def restore(self, deletion: Deletion) -> tuple[str, ...]:
        """Undo a deletion; the tags that came back. A tag that points elsewhere by now stays there.

        Raises ContentGoneError.
        """

    async def purge(self, before: float) -> int:
        """Forget the deletions before then (Unix seconds); how many."""
