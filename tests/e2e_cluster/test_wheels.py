"""Where wheels come from, and for which platform."""

from pathlib import Path

import pytest
from e2e.cluster.wheels import PIP, ensure_wheels, platform_tags, wheels_directory


def test_wheels_may_be_as_new_as_the_base_images_glibc() -> None:
    tags = platform_tags("x86_64")
    assert tags[0] == "manylinux_2_36_x86_64"
    assert tags[-1] == "manylinux2014_x86_64"
    assert "manylinux_2_17_x86_64" in tags


def test_the_installer_is_pinned_by_hash() -> None:
    assert "==" in PIP
    assert "--hash=sha256:" in PIP


def test_wheels_that_are_in_the_cache_are_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pins = tmp_path / "registry.txt"
    pins.write_text("")
    directory = wheels_directory(pins, "3.11", tmp_path)
    directory.mkdir(parents=True)
    monkeypatch.setattr("sys.executable", "/no/python")  # so that no pip could run
    assert ensure_wheels(pins, "3.11", tmp_path) == directory


def test_other_pins_or_another_python_are_other_wheels(tmp_path: Path) -> None:
    pins = tmp_path / "registry.txt"
    pins.write_text("a==1")
    first = wheels_directory(pins, "3.11", tmp_path)
    assert wheels_directory(pins, "3.13", tmp_path) != first
    pins.write_text("a==2")
    assert wheels_directory(pins, "3.11", tmp_path) != first
