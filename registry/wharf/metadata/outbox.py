"""What delivery asks of the outbox: events that wait for their webhooks, in the order in which they were committed.

Rule: an event leaves the outbox when its endpoint has accepted it, or becomes a dead letter that stays until it is
replayed, the room for dead letters is needed for newer ones (which is counted), or its webhook has been gone for a
while. Counters and the last outcome are kept with the rows, so a restart loses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from wharf.metadata.interface import Event


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one webhook.

    `created` is when it was committed, or when it could first be sent: after a suspension or a replay. `attempts` have
    failed; `error` is the last one's, and `answer` how the body began that came with it.
    """

    id: int
    event: Event
    created: float
    attempts: int = 0
    error: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt at a delivery (by id) that failed, and what the endpoint said, as far as it did."""

    id: int
    error: str
    answer: str = ""


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
    failed: int = 0  # attempts, in all
    failures: int = 0  # attempts in a row
    refused: int = 0  # of those that are pending: events that an attempt was made for
    dropped: int = 0  # dead letters, and pulls, that went for want of room


class Outbox(Protocol):
    """Deliveries by webhook."""

    async def waiting(self) -> list[str]:
        """The webhooks that something waits for."""

    async def lanes(self, webhook: str, after: str, limit: int) -> list[str]:
        """Repositories with deliveries that wait, in byte order, that follow `after`."""

    async def pending(self, webhook: str, repository: str, limit: int) -> list[Delivery]:
        """The oldest deliveries of a repository that wait."""

    async def delivered(self, webhook: str, deliveries: Sequence[int]) -> None:
        """The endpoint has accepted these (ids): they leave the outbox and are counted."""

    async def failed(self, webhook: str, failure: Failure, next_attempt: float) -> None:
        """An attempt failed and another is due at `next_attempt`."""

    async def give_up(self, webhook: str, failure: Failure, created_before: float, room: int) -> int:
        """An attempt failed for good: it, and whatever waits that was committed before then, is a dead letter now.

        At most `room` dead letters are kept. The number of new ones.
        """

    async def overflow(self, webhook: str, backlog: int, room: int) -> int:
        """Make dead letters of the oldest that wait, so that no more than `backlog` wait; how many."""

    async def states(self) -> dict[str, EndpointState]:
        """The state of every webhook that has one."""

    async def dead_letters(self, webhook: str, limit: int) -> list[Delivery]:
        """The oldest dead letters."""

    async def replay(self, webhook: str, events: Collection[str] = ()) -> int:
        """Let the dead letters of these events (ids; none: of all) wait again, as if committed now; how many."""

    async def attend(self, webhook: str, *, suspended: bool, replay: str) -> int:
        """Note what a webhook's settings say; a new text in `replay` replays, once. How many were replayed."""

    async def keep_only(self, webhooks: Collection[str]) -> int:
        """Drop what is for webhooks that have not been there for a while, and their states; how many deliveries."""
