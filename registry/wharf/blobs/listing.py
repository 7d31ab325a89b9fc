"""What garbage collection asks of a blob store: everything that is in it, known to the index or not, and who pushes.

Rule: listing goes a piece at a time, so its memory does not grow with the store, and content that comes or goes
meanwhile may be listed or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


@dataclass(frozen=True, slots=True)
class Stored:
    """Content as the store has it: `size` in bytes, `stored` in Unix seconds."""

    digest: str
    size: int
    stored: float


class Listing(Protocol):
    """A store that can say what it has."""

    def listing(self) -> AsyncIterator[Sequence[Stored]]:
        """All content, some at a time. What does not look like content is left out."""

    async def uploading(self, repositories: Sequence[str], since: float) -> set[str]:
        """Those of the repositories to which an upload session was begun, went on or ended since then (Unix seconds).

        A session shows from its begin to its end and then on, without a gap.
        """

    async def refused(self, since: float) -> bool:
        """Whether an upload was refused for want of space since then (Unix seconds)."""
