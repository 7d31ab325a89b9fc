"""What the handlers work with: the index, the blobs, and the settings in force.

Rule: a request is given `live` once and keeps to it, so a reload in its middle cannot give it half of each.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wharf import clock as wall
from wharf.auth.access import AccessPolicy
from wharf.auth.attempts import Attempts
from wharf.config import Config
from wharf.http.allowance import Allowance
from wharf.http.pulls import Pulls
from wharf.metrics import Metrics

if TYPE_CHECKING:
    from wharf.auth.credentials import Credentials
    from wharf.auth.tokens import Tokens
    from wharf.blobs.interface import BlobStore
    from wharf.blobs.proofs import Proofs
    from wharf.blobs.room import Room
    from wharf.clock import Clock
    from wharf.metadata.interface import Index
    from wharf.metadata.tagged import TagReader


@dataclass(frozen=True, slots=True)
class Live:
    """The settings in force, swapped whole by a reload. `credentials` None: nobody can log in, with a token neither."""

    config: Config
    access: AccessPolicy
    credentials: Credentials | None = None
    tokens: Tokens | None = None

    def tells_of(self, action: str) -> bool:
        """Whether any webhook wants events of this action."""
        return any(action in hook.events for hook in self.config.webhooks)


@dataclass(slots=True)
class Services:
    """Everything that a handler may use."""

    index: Index
    blobs: BlobStore
    live: Live = field(default_factory=lambda: Live(Config(), AccessPolicy(None, login=False)))
    metrics: Metrics = field(default_factory=Metrics)
    clock: Clock = wall.now
    stopping: bool = False
    tagged: TagReader | None = None
    room: Room | None = None
    proofs: Proofs | None = None
    processes: int = 1  # that serve this registry
    allowance: Allowance = field(default_factory=Allowance)
    attempts: Attempts = field(init=False)
    pulls: Pulls = field(init=False)

    def __post_init__(self) -> None:
        """Begin without a failed login, and without a pull to tell of."""
        self.attempts = Attempts(self.clock, self.processes)
        self.pulls = Pulls(self.index, self.metrics, self.clock)
