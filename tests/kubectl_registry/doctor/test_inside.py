"""What the pod says: the program runs as it is, and anything else than its answer is told."""

import json
import subprocess
import sys

import pytest
from tests.kubectl_registry.conftest import Command, FakeCluster

from kubectl_registry.doctor import inside
from kubectl_registry.doctor.facts import Inside, Unknown
from kubectl_registry.errors import UnreachableError
from kubectl_registry.kube.api import Api
from kubectl_registry.kube.execution import Target

ANSWER = {
    "total": 100, "free": 40, "inodes": 7, "htpasswd": "ab",
    "names": {"team.ci.svc": ["10.0.0.5"], "nowhere": "Name or service not known"},
}  # fmt: skip


def test_the_answer_is_read() -> None:
    names = {"team.ci.svc": ("10.0.0.5",), "nowhere": Unknown("Name or service not known")}
    assert inside.read(json.dumps(ANSWER)) == Inside(100, 40, 7, "ab", names)


@pytest.mark.parametrize("output", ["", "sh: python3: not found", "[]", '{"total": 1}', "7"])
def test_another_answer_is_told(output: str) -> None:
    with pytest.raises(UnreachableError, match="is its image another's"):
        inside.read(output)


def test_it_is_asked_by_one_command_in_the_pod(api: Api, cluster: FakeCluster) -> None:
    cluster.execute = lambda _: Command(json.dumps(ANSWER))
    assert inside.look(api, Target("ci", "team-1"), ["team.ci.svc"]).free == 40
    ((program, _, _, host),) = cluster.commands
    assert (program, host) == ("python3", "team.ci.svc")
    cluster.execute = lambda _: Command("", "Traceback", 1)
    with pytest.raises(UnreachableError, match="cannot be asked"):
        inside.look(api, Target("ci", "team-1"), [])


def test_the_program_is_one_that_python_runs() -> None:
    script = inside.PROGRAM.replace(inside.DATA, "/")
    done = subprocess.run([sys.executable, "-c", script, "localhost"], capture_output=True, text=True, check=True)
    found = inside.read(done.stdout)
    assert found.total >= found.free > 0
    assert found.htpasswd == ""
    assert found.names["localhost"]


def test_what_is_reserved_for_root_counts_as_the_registry_counts_it() -> None:
    figures = "f_blocks=100, f_bfree=40, f_bavail=15, f_frsize=4096, f_files=0, f_favail=0"
    script = f"import os, types; os.statvfs = lambda path: types.SimpleNamespace({figures})\n{inside.PROGRAM}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    found = inside.read(done.stdout)
    assert (found.total, found.free) == (75 << 12, 15 << 12)
