"""What delivery asks of the outbox: events that wait for their webhooks, in the order in which they were committed.

Rule: an event leaves the outbox when its endpoint has accepted it, or becomes a dead letter that stays until it is
replayed or its webhook is gone. Counters and the last outcome are kept with the rows, so a restart loses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection

    from wharf.metadata.interface import Event


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one webhook. `created` is when it was committed; `attempts` have failed; `error` is the last's."""

    id: int
    event: Event
    created: float
    attempts: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class EndpointState:
    """How the deliveries of a webhook stand. Times are Unix seconds, None for never."""

    delivered: int = 0
    pending: int = 0
    dead: int = 0
    last_success: float | None = None
    last_error_at: float | None = None
    last_error: str = ""
    next_attempt: float | None = None  # None: nothing is being waited for


class Outbox(Protocol):
    """Deliveries by webhook."""

    async def pending(self, webhook: str, limit: int) -> list[Delivery]:
        """The oldest deliveries that wait."""

    async def delivered(self, webhook: str, delivery_id: int) -> None:
        """The endpoint has accepted it: it leaves the outbox and is counted."""

    async def failed(self, webhook: str, delivery_id: int, error: str, next_attempt: float) -> None:
        """An attempt failed and another is due at `next_attempt`."""

    async def give_up(self, webhook: str, delivery_id: int, error: str, created_before: float) -> int:
        """An attempt failed for good: it, and whatever waits that was committed before then, is a dead letter now."""

    async def states(self) -> dict[str, EndpointState]:
        """The state of every webhook that has one."""

    async def dead_letters(self, webhook: str, limit: int) -> list[Delivery]:
        """The oldest dead letters."""

    async def replay(self, webhook: str) -> int:
        """Let every dead letter wait again, as if committed now; how many."""

    async def keep_only(self, webhooks: Collection[str]) -> int:
        """Drop what is for webhooks that are no more, and their states; how many deliveries."""
