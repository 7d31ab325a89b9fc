"""What Go programs are built from, and when they are built again."""

from pathlib import Path

import pytest
from e2e.cluster.errors import ClusterError
from e2e.cluster.tools import MODULES, PINS, Tools, content_key, go_release, pinned_version, version_of

GO_MOD = (
    "module x\n\nrequire k8s.io/kubernetes v1.37.2\n\nrequire (\n\tgo.etcd.io/etcd/server/v3 v3.7.3 // indirect\n)\n"
)


@pytest.mark.parametrize(
    ("module", "version"), [("k8s.io/kubernetes", "v1.37.2"), ("go.etcd.io/etcd/server/v3", "v3.7.3")]
)
def test_versions_come_from_go_mod(module: str, version: str) -> None:
    assert pinned_version(GO_MOD, module) == version


def test_a_module_that_is_not_pinned_is_an_error() -> None:
    with pytest.raises(ClusterError, match=r"does not require example\.org/x"):
        pinned_version(GO_MOD, "example.org/x")


@pytest.mark.parametrize("program", [program for module in MODULES for program in module.programs])
def test_every_program_has_a_pinned_version(program: str) -> None:
    assert version_of(program).startswith("v")


@pytest.mark.parametrize("module", [module for module in MODULES if module.pinned], ids=lambda module: module.directory)
def test_every_pinned_module_has_its_hashes(module: object) -> None:
    directory = PINS / module.directory  # type: ignore[attr-defined] # a Module
    assert f"{module.pinned} {version_of(next(iter(module.programs)))} h1:" in (directory / "go.sum").read_text()  # type: ignore[attr-defined] # a Module


def test_the_key_changes_with_any_pinning_file(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module x\n")
    first = content_key(tmp_path)
    assert content_key(tmp_path) == first
    assert content_key(tmp_path, "arm64") != first
    (tmp_path / "go.sum").write_text("")
    assert content_key(tmp_path) != first


def test_a_program_lies_in_the_cache_under_version_and_key(tmp_path: Path) -> None:
    path = Tools(tmp_path).path("kubectl")
    assert path.name == "kubectl"
    assert path.parent.name.startswith(f"kubernetes-{version_of('kubectl')}-")
    assert path.parent == Tools(tmp_path).path("kubelet").parent


def test_nothing_is_built_when_the_cache_holds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = Tools(tmp_path)
    tools.path("pause").parent.mkdir(parents=True)
    tools.path("pause").touch()
    monkeypatch.setenv("PATH", "")  # so that no compiler could run
    tools.ensure(["pause"])


def test_a_missing_compiler_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ClusterError, match=r"install Go 1\.26 or newer"):
        Tools(tmp_path).ensure(["pause"])


@pytest.mark.parametrize(
    ("text", "release"), [("go version go1.26.8 linux/amd64", (1, 26)), ("go version devel", (0, 0))]
)
def test_the_compilers_release_is_read_from_its_answer(text: str, release: tuple[int, int]) -> None:
    assert go_release(text) == release
