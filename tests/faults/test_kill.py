"""kill -9 at random moments of pushes, deletions and sweeps: what was acknowledged is whole, the rest can be swept."""

import os
import time

from e2e.faults.killing import require_outliving_kills

SECONDS = float(os.environ.get("WHARF_FAULT_SECONDS", "5"))
"""How long it goes on; e2e/faults does it hundreds of times, and a night of it is worth more."""

LEAST = 10
"""Kills that show something, however long a busy machine takes for them."""


async def test_what_was_acknowledged_outlives_every_kill(process, pushers):
    end = time.monotonic() + SECONDS
    kills = await require_outliving_kills(process, pushers, lambda so_far: so_far < LEAST or time.monotonic() < end)
    assert kills >= LEAST
