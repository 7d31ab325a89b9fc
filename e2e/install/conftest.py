"""The fresh cluster as a fixture. WHARFINGER_KEEP_FRESH=1 leaves it up, for a look and for the next run."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from e2e.install.fresh import Fresh, make


@pytest.fixture(scope="session")
def fresh_cluster() -> Iterator[Fresh]:
    """The cluster, with our images on its node and nothing else."""
    make("up")
    make("images")
    try:
        yield Fresh.open()
    finally:
        if not os.environ.get("WHARFINGER_KEEP_FRESH"):
            make("down")


@pytest.fixture
def fresh(fresh_cluster: Fresh) -> Iterator[Fresh]:
    """The cluster, which the test leaves as empty as it found it."""
    fresh_cluster.clear()
    yield fresh_cluster
    fresh_cluster.clear()
