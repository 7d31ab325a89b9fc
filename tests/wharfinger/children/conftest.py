"""Golden manifests: each child, once, as YAML to read. GOLDEN=write in the environment writes them anew."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from wharfinger.children.owner import Owner

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def owner() -> Owner:
    """The Registry `team` in namespace `ci`."""
    return Owner("team", "ci", "0a1b")


@pytest.fixture
def golden() -> Callable[[str, dict[str, Any]], None]:
    """Compares a manifest with the golden file of this name."""

    def compare(name: str, manifest: dict[str, Any]) -> None:
        file = GOLDEN / f"{name}.yaml"
        if os.environ.get("GOLDEN") == "write":
            file.write_text(yaml.safe_dump(manifest, sort_keys=False))
        assert manifest == yaml.safe_load(file.read_text())

    return compare
