"""The control group of a cluster, on a copy of the hierarchy in plain files."""

from pathlib import Path

import pytest
from e2e.cluster.errors import UnusableMachineError
from e2e.cluster.local import cgroups


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cgroups, "ROOT", tmp_path)
    return tmp_path


def test_with_version_1_each_controller_gets_the_group_and_cpuset_is_filled(root: Path) -> None:
    for controller in ("cpuset", "memory", "pids", "unified"):
        (root / controller).mkdir()
    (root / "cpuset/cpuset.cpus").write_text("0-1")
    (root / "cpuset/cpuset.mems").write_text("0")
    cgroups.make("ours")
    assert (root / "cpuset/ours/cpuset.cpus").read_text() == "0-1"
    assert {group.parent.name for group in cgroups.groups("ours")} == {"cpuset", "memory", "pids"}


def test_with_version_1_a_lacking_controller_is_named(root: Path) -> None:
    (root / "cpuset").mkdir()
    with pytest.raises(UnusableMachineError, match="lacks controllers"):
        cgroups.make("ours")


def test_with_version_2_a_lacking_controller_is_named(root: Path) -> None:
    (root / "cgroup.controllers").write_text("cpu pids")
    (root / "cgroup.subtree_control").write_text("")
    with pytest.raises(UnusableMachineError, match="does not offer the memory controller"):
        cgroups.make("ours")


def test_only_the_named_group_is_removed(root: Path) -> None:
    for name in ("memory/ours/kubepods/pod1", "memory/theirs", "pids/ours"):
        (root / name).mkdir(parents=True)
    cgroups.remove("ours")
    assert cgroups.groups("ours") == []
    assert (root / "memory/theirs").exists()
