"""The Go programs that tests run, built before any test begins, so that no test's time limit pays for a compiler.

Rule: a test that runs one carries its name, `@pytest.mark.programs("helm")`, and asks `program` where it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from e2e.cluster.errors import ClusterError
from e2e.cluster.settings import Settings
from e2e.cluster.tools import Tools


def program(name: str) -> Path:
    """Where a pinned program is. Raises ClusterError when the test is not marked with it."""
    path = Tools(Settings.read().cache).path(name)
    if not path.exists():
        raise ClusterError(f'{name} has not been built: mark the test with @pytest.mark.programs("{name}")')
    return path


def build(names: Iterable[str]) -> None:
    """Build the programs that are not there yet: minutes, where the cache is empty."""
    Tools(Settings.read().cache).ensure(sorted(set(names)))


def named_by(items: Iterable[pytest.Item]) -> set[str]:
    """The programs that the marks of tests name."""
    return {name for item in items for mark in item.iter_markers("programs") for name in mark.args}
