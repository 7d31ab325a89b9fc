"""kill -9 between commit and delivery: no event is lost, none is made up, and none comes twice but under its id."""

import os

from e2e.faults.told import LEAST, kill

SECONDS = float(os.environ.get("WHARF_FAULT_SECONDS", "3"))
"""How long it goes on; a night of it is worth more."""


async def test_every_push_is_told_whatever_is_killed(tmp_path, spawner):
    kills, pushes = await kill(spawner, tmp_path, seconds=SECONDS, registries=1)
    assert kills >= LEAST
    assert pushes >= LEAST
