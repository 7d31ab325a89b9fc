"""Watches the wall clock against one that nobody sets, and remembers in the index where it jumped.

Rule: observe() before anything is judged by its age, and every minute besides. What happened between two looks is told
by the machine's steady clock; over a boot of the machine that is not possible, and the time in between counts as none.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from wharf.garbage.recovery import boot_id
from wharf.garbage.timeline import Jump, Timeline
from wharf.metadata.settings import CLOCK

if TYPE_CHECKING:
    from collections.abc import Callable

    from wharf.clock import Clock
    from wharf.metadata.inventory import Inventory
    from wharf.metadata.settings import Settings

TOLERANCE = 5.0
"""Seconds by which the clocks may differ between two looks and still agree: clocks drift, and are slewed."""

REMEMBERED = 1000
"""Most jumps that are kept; what is older than the oldest counts as old."""

_LOG = logging.getLogger(__name__)


class _Note(msgspec.Struct, frozen=True):
    """What the clocks showed: the wall's, the steady one and the boot that it counts from.

    And the jumps so far, and the wall's time of the first note.
    """

    wall: float
    steady: float
    boot: str
    jumps: list[tuple[float, float]] = []
    begin: float = 0.0


@dataclass(frozen=True, slots=True)
class Clocks:
    """The wall clock, the clock that nobody sets, and the name of the boot that the latter counts from."""

    wall: Clock
    steady: Callable[[], float] = time.monotonic
    boot: Callable[[], str] = boot_id


class Timekeeper:
    """Keeps the timeline of one registry. Several processes may keep it at once: a jump noted twice does no harm."""

    def __init__(self, settings: Settings, inventory: Inventory, clocks: Clocks) -> None:
        self._settings = settings
        self._inventory = inventory
        self._clocks = clocks

    async def observe(self) -> Timeline:
        """Look at the clocks, note what they show, and answer the timeline. Raises MetadataError."""
        wall, steady, boot = self._clocks.wall(), self._clocks.steady(), self._clocks.boot()
        last = _read(await self._settings.get(CLOCK))
        jumps = [] if last is None else last.jumps
        if last is not None:
            expected = last.wall + (steady - last.steady if boot and boot == last.boot else 0.0)
            if wall > expected + TOLERANCE:
                jumps = [*jumps, (expected, wall)][-REMEMBERED:]
                _LOG.info("%.0f seconds passed unseen: they do not count for garbage", wall - expected)
            elif wall < expected - TOLERANCE:
                # What was written under the wrong clock would stay young for that long.
                _LOG.warning("the clock was set back %.0f seconds", expected - wall)
                jumps = [jump for jump in jumps if jump[1] <= wall]
                await self._inventory.rejuvenate(wall)
        begin = min(wall, last.begin) if last is not None else wall
        note = _Note(wall, steady, boot, jumps, begin)
        await self._settings.put({CLOCK: msgspec.json.encode(note).decode()})
        return Timeline(wall, tuple(Jump(*jump) for jump in jumps), begin)

    async def begin(self) -> float | None:
        """When the clocks were first looked at, by the wall's; None before that. Raises MetadataError."""
        last = _read(await self._settings.get(CLOCK))
        return None if last is None else last.begin


def _read(text: str) -> _Note | None:
    try:
        return msgspec.json.decode(text, type=_Note)
    except msgspec.MsgspecError:  # nothing there, or not ours: begin anew
        return None
