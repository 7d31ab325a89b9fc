"""The command line says what it needs and ends with a status."""

from datetime import UTC, datetime

import pytest

import wharfinger
from wharfinger import cli, settings
from wharfinger.decide.observed import Observed
from wharfinger.kube.resources import REGISTRY, WEBHOOK


def test_it_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    assert capsys.readouterr().out.strip() == wharfinger.__version__


def test_a_command_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main([])
    assert "usage: wharfinger" in capsys.readouterr().err


def test_a_wrong_setting_ends_the_start_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHARFINGER_WORKERS", "none")
    assert cli.main(["run"]) == 2
    assert capsys.readouterr().err == "wharfinger: WHARFINGER_WORKERS='none': write a number from 1 to 256\n"


def test_no_way_to_a_cluster_ends_the_start_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "absent"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setattr(cli.logs, "configure", lambda _: None)
    assert cli.main(["run"]) == 2
    assert "run it in a pod, or set KUBECONFIG" in capsys.readouterr().err


def test_the_pure_half_gets_the_settings() -> None:
    decisions = cli.decisions(settings.Settings(registry_image="r/w:1"))
    registry = {
        "apiVersion": REGISTRY.api_version,
        "kind": REGISTRY.kind,
        "metadata": {"namespace": "ci", "name": "team", "uid": "u", "generation": 1},
        "spec": {},
    }
    plan = decisions.reconcile(registry, Observed(), datetime(2026, 3, 1, tzinfo=UTC))
    assert "r/w:1" in str(plan)
    hook = {
        "apiVersion": WEBHOOK.api_version,
        "kind": WEBHOOK.kind,
        "metadata": {"namespace": "ci", "name": "hook", "uid": "u", "generation": 1},
        "spec": {"registryRef": {"name": "absent"}, "url": "https://x"},
    }
    status = decisions.orphan(hook, datetime(2026, 3, 1, tzinfo=UTC))
    assert status is not None
    assert "absent" in str(status)
