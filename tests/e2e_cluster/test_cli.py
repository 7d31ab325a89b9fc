"""The command line of the cluster, where no cluster is."""

from pathlib import Path

import pytest
from e2e.cluster.cli import main


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("CLUSTER", "local")
    monkeypatch.setenv("WHARFINGER_CLUSTER", "none")
    monkeypatch.setenv("WHARFINGER_SUBNET", "10.96.0.0/14")


def test_a_cluster_that_is_not_up_has_a_status_that_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 1
    assert "cluster none is not up; `python -m e2e.cluster up` brings it up" in capsys.readouterr().out


def test_answers_go_to_standard_output_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["node-address"]) == main(["host-address"]) == main(["kubeconfig"]) == 0
    captured = capsys.readouterr()
    assert captured.out.split() == ["10.98.0.2", "10.98.0.1", f"{tmp_path}/wharfinger/clusters/none/kubeconfig"]
    assert captured.err == ""


def test_a_shell_can_take_the_environment_over(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["env"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("export KUBECONFIG=/")
    assert lines[1].startswith("export PATH=/")


def test_an_error_is_one_sentence_with_the_remedy(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLUSTER", "k3s")
    assert main(["up"]) == 1
    assert capsys.readouterr().err == "error: CLUSTER=k3s: use one of kind, local, or leave it unset\n"


def test_a_cache_that_cannot_be_used_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert main(["down"]) == 1
    assert "XDG_CACHE_HOME must be a directory" in capsys.readouterr().err
