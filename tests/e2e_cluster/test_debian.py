"""Which packages are missing."""

from pathlib import Path

import pytest
from e2e.cluster import debian
from e2e.cluster.debian import ensure_packages, missing_packages, unpack_packages
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


def test_what_was_unpacked_is_not_unpacked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def run(argv: list[object], *, cwd: Path | None = None) -> str:
        asked.append([str(argument) for argument in argv])
        if cwd is not None:
            (cwd / "one_1.deb").touch()
        if argv[0] == "dpkg-deb":
            Path(str(argv[-1]), "usr").mkdir(parents=True)
        return ""

    monkeypatch.setattr(debian, "run", run)
    target = tmp_path / "engine"
    for _ in range(2):
        assert unpack_packages(("one",), target) == [target / "usr/sbin", target / "usr/bin"]
    assert [argv[0] for argv in asked] == ["apt-get", "apt-get", "dpkg-deb"]
    assert (target / "usr").is_dir()
