"""Trust on this machine: where clients look, and what to do where one may not write."""

from pathlib import Path

import pytest

from kubectl_registry import trust
from kubectl_registry.errors import ForbiddenError


def test_docker_and_podman_look_in_different_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert trust.directory("docker") == Path("/etc/docker/certs.d")
    assert trust.directory("podman") == tmp_path / ".config/containers/certs.d"
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert trust.directory("podman") == Path("/etc/containers/certs.d")


def test_what_is_written_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    file = tmp_path / "etc/docker/certs.d/team.example/ca.crt"
    trust.write(file, "a CA", "team", "ci")
    assert trust.trusted("team.example", tmp_path) == {file: "a CA"}
    assert trust.trusted("other.example", tmp_path) == {}


def test_where_one_may_not_write_the_command_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ForbiddenError, match="sudo install"):
        trust.write(tmp_path / "file" / "host" / "ca.crt", "a CA", "team", "ci")
