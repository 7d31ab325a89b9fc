"""One sweep at a time over a registry's storage, whichever process runs it; and none while somebody copies it.

Rule: the kernel frees the lock of a process that dies. A sweep is safe beside another; but then both would look at
everything, and neither would know what it freed.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class SweepRunningError(Exception):
    """Another process is sweeping. Wait for it to end, then try again."""


@contextmanager
def alone(path: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold the lock file, after who holds it now with `wait`. Raises SweepRunningError without, and OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise SweepRunningError("another sweep is running: wait for it to end, then try again") from None
        yield
    finally:
        os.close(descriptor)
