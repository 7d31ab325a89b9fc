"""A registry that can be killed and started again in milliseconds, and clients that push to it and remember."""

import pytest
from e2e.faults.process import Process, Spawner
from e2e.faults.pusher import Pusher


@pytest.fixture(scope="session")
def spawner():
    spawner = Spawner()
    yield spawner
    spawner.close()


@pytest.fixture
def process(tmp_path, spawner):
    process = Process(spawner, tmp_path / "data", tmp_path)
    yield process
    process.kill()


@pytest.fixture
def pushers(process):
    """Clients that push, the first two to repositories of their own, the others to one together."""
    made = [Pusher(process.port, repository, f"t{n}-") for n, repository in enumerate(("one", "two", "both", "both"))]
    yield made
    for one in made:
        one.stop()
        one.client.close()
