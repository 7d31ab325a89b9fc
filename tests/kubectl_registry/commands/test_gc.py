"""`gc`: what the registry's own sweep says, in a table, and a sweep only when it is asked for."""

import json

import pytest
from tests.kubectl_registry.conftest import Command, FakeCluster, Object, Run

from kubectl_registry.commands import gc
from kubectl_registry.errors import PluginError
from kubectl_registry.kube.kinds import POD


def decision(verdict: str, digest: str, size: int, repository: str = "") -> Object:
    return {"verdict": verdict, "kind": "blob", "digest": f"sha256:{digest}", "size": size, "repository": repository,
            "reason": "unreferenced", "message": "no manifest names it"}  # fmt: skip


DECISIONS = [decision("keep", "aa", 9), decision("delete", "bb", 5), decision("delete", "cc", 2048, "apps/x")]


def document(*, dry_run: bool) -> str:
    """What `wharf gc -o json` prints: a decision a line."""
    summary = {"dryRun": dry_run, "manifestsKept": 0, "manifestsDeleted": 0, "blobsKept": 1, "blobsDeleted": 2,
               "uploadsEnded": 0, "freed": 2053}  # fmt: skip
    lines = ",".join(f"\n    {json.dumps(each, separators=(',', ':'))}" for each in DECISIONS)
    return f'{{\n  "decisions": [{lines}\n  ],\n  "summary": {json.dumps(summary)}\n}}\n'


@pytest.fixture
def pod(cluster: FakeCluster, team: Object) -> Object:
    cluster.execute = lambda command: Command(document(dry_run="--dry-run" in command))
    labels = {"wharfinger.dev/registry": "team"}
    thing = {"metadata": {"name": "team-1", "namespace": "ci", "labels": labels}, "status": {"phase": "Running"}}
    return cluster.add(POD, thing)


def test_a_dry_run_only_looks(plugin: Run, cluster: FakeCluster, pod: Object) -> None:
    code, out, _ = plugin("gc", "team", "--dry-run")
    assert code == 0
    assert all("--dry-run" in command for command in cluster.commands)
    assert out.index("sha256:cc") < out.index("sha256:bb"), "the largest first"
    assert "sha256:aa" not in out
    assert "2.0 KiB would be freed" in out
    assert "sha256:aa" in plugin("gc", "team", "--dry-run", "--all")[1]


def test_a_sweep_looks_first_and_then_removes(plugin: Run, cluster: FakeCluster, pod: Object) -> None:
    code, out, _ = plugin("gc", "team")
    assert code == 0
    assert ["--dry-run" in command for command in cluster.commands] == [True, False]
    assert "2.0 KiB freed" in out


def test_json_has_the_decisions_and_the_summary(plugin: Run, pod: Object) -> None:
    told = json.loads(plugin("gc", "team", "--dry-run", "-o", "json")[1])
    assert [each["digest"] for each in told["decisions"]] == ["sha256:cc", "sha256:bb"]
    assert told["summary"]["freed"] == 2053


def test_a_sweep_that_fails_says_why(plugin: Run, cluster: FakeCluster, pod: Object) -> None:
    cluster.execute = lambda _: Command("", "wharf: another sweep is running", 1)
    code, _, err = plugin("gc", "team", "--dry-run")
    assert code == 1
    assert "another sweep is running" in err


def test_an_answer_of_something_else_is_told() -> None:
    sweep = gc.Sweep()
    sweep.hear("hello")
    with pytest.raises(PluginError, match="is its image another's"):
        sweep.summary()
