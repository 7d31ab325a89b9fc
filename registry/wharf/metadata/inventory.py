"""What garbage collection and recovery ask of the index: all content, what needs it, and its removal.

Rule: whatever was decided from an earlier look is checked again in the transaction that acts on it, so nothing that
became needed meanwhile goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


@dataclass(frozen=True, slots=True)
class Content:
    """A blob and what needs it. Times are Unix seconds.

    `manifests` name it. `unbacked` repositories hold it without a manifest of theirs that names it; those holds were
    last touched between `oldest_touch` and `newest_touch`. `newest_touch` counts the blob itself, too.
    """

    digest: str
    size: int
    manifests: int
    unbacked: int
    oldest_touch: float
    newest_touch: float


class Inventory(Protocol):
    """The index as garbage collection and recovery see it."""

    async def contents(self, after: str, limit: int) -> list[Content]:
        """Up to `limit` blobs, in byte order of their digests, that follow `after`."""

    async def unknown(self, digests: Sequence[str]) -> list[str]:
        """Those of the digests that the index does not know."""

    async def release(self, digests: Sequence[str], before: float) -> list[str]:
        """End the holds on these blobs that no manifest backs and that were last touched before then.

        Removes those blobs that nothing needs any more, and answers their digests: their content may be deleted.
        """

    async def drop_empty_repositories(self) -> int:
        """Remove repositories that have neither manifests nor holds; how many."""

    async def holders(self, digest: str, limit: int) -> list[str]:
        """Up to `limit` repositories that hold a blob, in byte order."""

    async def volatile(self) -> list[str]:
        """Blobs that were never made durable: what a power cut may have torn."""

    async def lost(self, digests: Collection[str]) -> None:
        """Record that the content of blobs is gone: no repository holds it until it is pushed again."""

    async def durable(self, digests: Collection[str]) -> None:
        """Record that blobs have been made durable."""

    async def boot(self) -> str:
        """The boot of the machine, as last noted; empty at first."""

    async def note_boot(self, boot: str) -> None:
        """Note the boot of the machine."""
