"""One lock file per thing that two runs could fight over. Rule: a lock dies with the process that holds it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from e2e.cluster.progress import step


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`, waiting (and saying so) while another run holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Kept open but never inherited: a daemon that we start must not hold our lock after us.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with step(f"waiting for another run that holds {path}"):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
