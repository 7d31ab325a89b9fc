"""Hundreds of kill -9 between commit and delivery, in several registries. WHARF_TOLD_SECONDS: for how long."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from e2e.faults.process import Spawner
from e2e.faults.told import LEAST, kill

SECONDS = float(os.environ.get("WHARF_TOLD_SECONDS", "60"))


@pytest.mark.timeout(SECONDS + 300)
async def test_no_event_is_lost_and_none_comes_twice_but_under_its_id(tmp_path: Path, spawner: Spawner) -> None:
    kills, pushes = await kill(spawner, tmp_path, seconds=SECONDS, registries=4)
    print(f"\n{kills} kills, {pushes} pushes acknowledged, each told")
    assert kills >= 4 * LEAST
    assert pushes >= 4 * LEAST
