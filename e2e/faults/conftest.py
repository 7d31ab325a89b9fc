"""What the tests of faults share: the program that starts registries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from e2e.faults.process import Spawner


@pytest.fixture(scope="session")
def spawner() -> Iterator[Spawner]:
    """Starts registries in milliseconds."""
    spawner = Spawner()
    yield spawner
    spawner.close()
