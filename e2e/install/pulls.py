"""A client that pulls without a pause while something else happens. Rule: a real client, and each pull from nothing.

A pull that is refused is tried again after a second, as the kubelet tries again, and has failed after `PATIENCE`.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from e2e.clients import Skopeo
from e2e.kubectl import CommandError

PATIENCE = 60.0
"""Seconds."""


@dataclass
class Pulls:
    """What came of them."""

    done: int = 0
    refused: list[str] = field(default_factory=list)
    """Attempts that the client gave up."""
    failed: list[str] = field(default_factory=list)
    longest: float = 0.0
    """Seconds from the first refusal of a pull to its success, at most."""


@contextmanager
def pulling(client: Skopeo, image: str, directory: Path) -> Iterator[Pulls]:
    """Pull `image` (name:tag) again and again for as long as the block runs."""
    counted, over = Pulls(), threading.Event()

    def pull() -> None:
        since = 0.0
        while not over.is_set():
            target = directory / "pulled"
            shutil.rmtree(target, ignore_errors=True)
            try:
                client.pull(image, f"dir:{target}")
            except CommandError as error:
                counted.refused.append(error.output)
                since = since or time.monotonic()
                if time.monotonic() - since > PATIENCE:
                    counted.failed.append(error.output)
                over.wait(1)
            else:
                counted.done += 1
                counted.longest = max(counted.longest, time.monotonic() - since if since else 0.0)
                since = 0.0

    thread = threading.Thread(target=pull, daemon=True)
    thread.start()
    try:
        yield counted
    finally:
        over.set()
        thread.join(60)
