"""What recovery asks of the index: which content a power cut may have torn, and what became of it.

Rule: content is in doubt from its upload until it has been made durable, at its manifest at the latest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection


class Doubts(Protocol):
    """Content that was never made durable."""

    async def volatile(self) -> list[str]:
        """Blobs that were never made durable: what a power cut may have torn."""

    async def lost(self, digests: Collection[str]) -> None:
        """Record that the content of blobs is gone: no repository holds it until it is pushed again."""

    async def durable(self, digests: Collection[str]) -> None:
        """Record that blobs have been made durable."""
