"""Commands in a pod: output line by line, exit status, and refusals in words."""

import pytest
from tests.kubectl_registry.conftest import Command, FakeCluster

from kubectl_registry.errors import ForbiddenError, LateError, UnreachableError
from kubectl_registry.kube import execution
from kubectl_registry.kube.api import Api
from kubectl_registry.kube.execution import Target, execute

TARGET = Target("ci", "team-1")


def test_output_comes_in_lines_whatever_pieces_it_was_sent_in(api: Api, cluster: FakeCluster) -> None:
    text = "\n".join("x" * 70 for _ in range(5)) + "\nend"
    cluster.execute = lambda _: Command(text, "a warning\n", 0)
    heard: list[str] = []
    done = execute(api, TARGET, ["wharf", "gc"], timeout=20, listen=heard.append)
    assert (done.status, done.output, done.complaints) == (0, text, "a warning\n")
    assert heard == text.split("\n")
    assert cluster.commands == [["wharf", "gc"]]


def test_a_command_that_fails_has_its_exit_status(api: Api, cluster: FakeCluster) -> None:
    cluster.execute = lambda _: Command("", "no storage", 3)
    done = execute(api, TARGET, ["wharf", "gc"], timeout=20)
    assert (done.status, done.complaints) == (3, "no storage")


def test_the_right_to_enter_a_pod_is_named_when_it_lacks(api: Api, cluster: FakeCluster) -> None:
    cluster.refuse["create", "pods/exec"] = 403, 'pods "team-1" is forbidden: User "x" cannot create resource'
    with pytest.raises(ForbiddenError, match="you may not create pods/exec in namespace ci"):
        execute(api, TARGET, ["true"], timeout=20)


def test_a_command_that_takes_too_long_is_given_up(
    api: Api, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter(range(0, 1000, 100))
    monkeypatch.setattr(execution.clock, "steady", lambda: next(ticks))
    with pytest.raises(LateError, match="did not finish within 60 s"):
        execute(api, TARGET, ["sleep"], timeout=60)


@pytest.mark.parametrize("ended", [b"", b'{"status":"Failure","message":"no such file: wharf"}'])
def test_a_command_that_never_started_is_told(ended: bytes) -> None:
    with pytest.raises(UnreachableError):
        execution._status(ended)
