"""Taking turns: the writers of several processes get at the database one after the other, none of them starved.

Rule: a turn is only about order. SQLite's own lock keeps the database whole; but who waits for that one sleeps and
looks again, and may find it taken a hundred times, whereas here the kernel wakes the next in line.

How: whoever has written must pass `next` to write again, and the one who waits for `turn` holds `next`. So two writers
that are always busy alternate.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Turns:
    """The turns at one database. The files are beside it; each writer thread has a Turns of its own."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._next = self._turn = -1

    def open(self) -> None:
        """Open the files. Raises OSError."""
        self._next = _open(self._database.with_name(f"{self._database.name}.next"))
        self._turn = _open(self._database.with_name(f"{self._database.name}.turn"))

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for this writer's turn, and end it."""
        fcntl.flock(self._next, fcntl.LOCK_EX)
        try:
            fcntl.flock(self._turn, fcntl.LOCK_EX)
        finally:
            fcntl.flock(self._next, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(self._turn, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the files."""
        for descriptor in {self._next, self._turn} - {-1}:
            os.close(descriptor)
        self._next = self._turn = -1


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
