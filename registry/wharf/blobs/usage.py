"""How many bytes wharf has stored, kept cheaply.

Rule: the figure is measured now and then, and between measurements carried on by what this process stores and removes.
What other processes do shows after the next measurement.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from wharf.blobs import disk
from wharf.blobs.interface import Usage

if TYPE_CHECKING:
    from pathlib import Path

    from wharf.clock import Clock

INTERVAL = 300.0
"""Seconds between measurements, each of which looks at every file."""


class Meter:
    """The bytes below a directory."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root = root
        self._clock = clock
        self._guard = threading.Lock()
        self._used = 0
        self._measured: float | None = None

    def add(self, size: int) -> None:
        """Count `size` bytes more, or less."""
        with self._guard:
            self._used += size

    def usage(self) -> Usage:
        """How full it is. May look at every file: call it from a thread."""
        now = self._clock()
        if self._measured is None or abs(now - self._measured) > INTERVAL:
            with self._guard:
                self._used = 0
            used = disk.measure(self._root)
            self.add(used)
            self._measured = now
        capacity, available = disk.space(self._root)
        return Usage(max(self._used, 0), capacity, available)
