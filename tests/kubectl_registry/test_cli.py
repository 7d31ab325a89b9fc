"""The program: exit statuses, errors in one line, nothing slow imported before it is needed."""

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from tests.kubectl_registry.conftest import FakeCluster, Object, Run, registry

from kubectl_registry import cli, completion
from kubectl_registry.parser import build

SLOW = ("kubernetes", "rich", "cryptography", "bcrypt", "requests", "yaml")


@pytest.mark.parametrize("arguments", [["--help"], ["doctor", "--help"], ["completion", "bash"]])
def test_help_and_completion_import_nothing_slow(arguments: list[str]) -> None:
    script = (
        "import sys\nfrom kubectl_registry import cli\n"
        f"try:\n    cli.run({arguments!r})\nexcept SystemExit:\n    pass\n"
        f"slow = [name for name in {SLOW!r} if name in sys.modules]\nassert not slow, slow"
    )
    subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.DEVNULL)


def test_the_project_puts_both_programs_on_the_path() -> None:
    programs = {each.name: each.load() for each in entry_points(group="console_scripts") if each.dist
                and each.dist.name == "wharfinger" and each.name.startswith("kubectl")}  # fmt: skip
    assert programs == {"kubectl-registry": cli.main, "kubectl_complete-registry": completion.main}


def test_no_kubeconfig_is_one_line_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cli.run(["status"]) == 4
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "set KUBECONFIG" in error


def test_a_missing_registry_is_told_with_those_that_there_are(plugin: Run, team: Object) -> None:
    status, _, error = plugin("status", "teem")
    assert status == 3
    assert "there is team" in error


def test_a_cluster_without_the_crds_is_told_to_install_them(plugin: Run, cluster: FakeCluster) -> None:
    cluster.installed = False
    status, _, error = plugin("status", "team")
    assert status == 3
    assert "install Wharfinger" in error


def test_a_lacking_right_is_named(plugin: Run, cluster: FakeCluster) -> None:
    cluster.refuse["list", "registries"] = 403, 'registries is forbidden: User "x" cannot list resource'
    status, _, error = plugin("status")
    assert status == 5
    assert "kubectl auth can-i list registries.wharfinger.dev -n ci" in error


def test_a_server_that_is_gone_is_told_without_a_traceback(plugin: Run, kubeconfig: Path, cluster: FakeCluster) -> None:
    kubeconfig.write_text(kubeconfig.read_text().replace(str(cluster.port), "1"))
    status, _, error = plugin("status")
    assert status == 4
    assert "Connection refused" in error
    assert "Traceback" not in error


def test_a_kubeconfig_that_is_no_yaml_is_told(plugin: Run, kubeconfig: Path) -> None:
    kubeconfig.write_text("{[")
    status, _, error = plugin("status")
    assert status == 4
    assert "the kubeconfig cannot be used" in error


def test_an_unknown_context_is_told(plugin: Run) -> None:
    status, _, error = plugin("status", "--context", "elsewhere")
    assert status == 4
    assert "elsewhere" in error


def test_ctrl_c_ends_with_130_and_no_traceback(
    plugin: Run, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("kubectl_registry.commands.status.run", interrupt)
    status, _, error = plugin("status")
    assert (status, error) == (130, "\n")


def test_the_namespace_comes_from_the_option_then_from_the_context(plugin: Run, cluster: FakeCluster) -> None:
    for namespace in ("ci", "other"):
        thing = registry(f"in-{namespace}", namespace)
        cluster.objects["registries", namespace, f"in-{namespace}"] = thing
    assert "in-ci" in plugin("status")[1]
    assert "in-other" in plugin("status", "-n", "other")[1]
    assert "in-ci" in (both := plugin("status", "-A")[1])
    assert "in-other" in both


def test_every_command_takes_the_options_of_kubectl() -> None:
    for arguments in (["status"], ["events", "x"], ["gc", "x"], ["doctor"], ["webhooks", "list"], ["rotate", "x"]):
        options = build().parse_args([*arguments, "-n", "a", "--context", "b", "--kubeconfig", "c", "-o", "json"])
        assert (options.namespace, options.context, options.kubeconfig) == ("a", "b", "c")


def test_colours_are_off_where_there_is_no_terminal(plugin: Run, team: Object) -> None:
    assert "\x1b" not in "".join(plugin("status")[1:])
