"""Which packages are missing."""

from pathlib import Path

import pytest
from e2e.cluster.debian import ensure_packages, missing_packages
from e2e.cluster.errors import UnusableMachineError


def test_a_package_is_missing_when_its_program_or_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "present"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    wanted = {"present": "one", "absent": "two", str(program): "three", str(tmp_path / "no" / "file"): "four"}
    assert missing_packages(wanted) == ["four", "two"]


def test_without_apt_the_missing_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnusableMachineError, match="missing: conntrack, iproute2"):
        ensure_packages({"ip": "iproute2", "conntrack": "conntrack"})


def test_with_everything_there_apt_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ip").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    ensure_packages({"ip": "iproute2"})
