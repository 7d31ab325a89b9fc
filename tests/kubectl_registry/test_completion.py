"""Completion: words of the parser, names of the cluster, and kubectl's directive in the last line."""

import shutil
import subprocess
from collections.abc import Sequence

import pytest
from tests.kubectl_registry.conftest import Object

from kubectl_registry import completion
from kubectl_registry.completion import FILES, NO_FILES, candidates


def names(wanted: str, before: Sequence[str]) -> list[str]:
    return {"NAME": ["team", "tools"], "WEBHOOK": ["deploy"], "NAMESPACE": ["ci"], "USER": list(before)}.get(wanted, [])


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([""], ["status", "login", "rotate", "events", "gc", "webhooks", "doctor", "completion"]),
        (["st"], ["status"]),
        (["status", "t"], ["team", "tools"]),
        (["status", "-n", ""], ["ci"]),
        (["status", "-n", "ci", "to"], ["tools"]),
        (["status", "-A", "to"], ["tools"]),
        (["gc", "team", ""], []),
        (["gc", "--dry"], ["--dry-run"]),
        (["rotate", "team", "--user", "team"], ["team"]),
        (["webhooks", "re"], ["replay"]),
        (["webhooks", "replay", ""], ["deploy"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["status", "-o", "j"], ["json"]),
        (["nonsense", "x", ""], ["status", "login", "rotate", "events", "gc", "webhooks", "doctor", "completion"]),
    ],
)
def test_the_last_word_is_completed(words: list[str], found: list[str]) -> None:
    assert candidates(words, names) == (found, NO_FILES)


def test_a_file_is_left_to_the_shell() -> None:
    assert candidates(["status", "--kubeconfig", ""], names) == ([], FILES)


def test_kubectl_gets_names_of_the_cluster_and_a_directive(
    team: Object, kubeconfig: object, capsys: pytest.CaptureFixture[str]
) -> None:
    completion.main(["status", ""])
    assert capsys.readouterr().out == "team\n:4\n"


def test_no_cluster_means_no_names_and_no_noise(capsys: pytest.CaptureFixture[str]) -> None:
    completion.main(["status", "--kubeconfig", "/nowhere", ""])
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == (":4\n", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_script_is_one_that_its_shell_can_read(shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} here")
    subprocess.run([program, "-n"], input=completion.script(shell).encode(), check=True)


def test_bash_completes_with_the_script(tmp_path: object) -> None:
    script = completion.script("bash") + (
        "kubectl_complete-registry() { printf 'status\\nlogin\\n:4\\n'; }\n"
        'COMP_WORDS=(kubectl-registry st); COMP_CWORD=1; _kubectl_registry; echo "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "status\n"
