"""What delivery asks of the log of pulls: those that webhooks are still to be told of, many in a row of the index.

Rule: a pull costs next to nothing until it is told. So pulls are noted together (Index.note_pulls), what they have in
common once, and become events of the outbox only as fast as delivery asks for them. None is told twice. What exceeds
the room for them goes, the oldest first, and is counted as dropped for each webhook.
"""

from __future__ import annotations

from typing import Protocol


class PullLog(Protocol):
    """Pulls that are not in the outbox yet."""

    async def waiting(self) -> tuple[int, int]:
        """How many pulls wait, and the bytes that they take."""

    async def unfold(self, least: int) -> int:
        """Make events of the oldest, of so many or a few more, for the webhooks that wanted them then; how many."""

    async def trim(self, room: int) -> int:
        """Let the oldest go until the others take no more than `room` bytes; how many went."""
