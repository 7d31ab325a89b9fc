"""How much of its volume the registry leaves free: with less than that pushes are refused, and deletions go on.

Rule: a refusal is made before a byte is taken, names the remedy, and is noted, so that the collector knows of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wharf.blobs import disk
from wharf.blobs.interface import NoSpaceError
from wharf.blobs.session import note_refusal

if TYPE_CHECKING:
    from wharf.blobs.paths import Layout

_REMEDY = "delete images, or grow the volume, then push again"


@dataclass(frozen=True, slots=True)
class Limits:
    """What pushes may fill: up to `read_only_above` percent of the volume, and never its last `min_free` bytes."""

    read_only_above: int = 100
    min_free: int = 0

    def least(self, capacity: int) -> int:
        """Bytes of a volume of `capacity` bytes that stay free."""
        return max(self.min_free, capacity - capacity * self.read_only_above // 100)


class Room:
    """The room on the volume of one store. `limits` may be replaced at any time."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.limits = Limits()

    def reserve(self, least: int) -> int:
        """Bytes that an upload leaves free: by the limits, and `least` in any case. Raises StoreUnavailableError."""
        if self.limits == Limits():
            return least
        return max(least, self.limits.least(disk.space(self._layout.root)[0]))

    def shortage(self) -> str:
        """Why pushes are refused now; empty while they are not. Raises StoreUnavailableError."""
        limits = self.limits
        if limits == Limits():
            return ""
        capacity, available = disk.space(self._layout.root)
        if available >= limits.least(capacity):
            return ""
        if available < limits.min_free:
            return f"{available >> 20} MiB of the volume are free, and {limits.min_free >> 20} MiB are kept: {_REMEDY}"
        full = 100 * (capacity - available) / capacity
        return f"the volume is {full:.1f}% full, and takes pushes up to {limits.read_only_above}%: {_REMEDY}"

    def require(self) -> None:
        """Let a push begin. Raises NoSpaceError, StoreUnavailableError."""
        if message := self.shortage():
            note_refusal(self._layout.uploads)
            raise NoSpaceError(message)
