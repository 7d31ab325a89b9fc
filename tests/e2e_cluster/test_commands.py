"""Running programs, and waiting."""

import sys

import pytest
from e2e.cluster.commands import run, succeeds, tail, wait_for
from e2e.cluster.errors import ClusterError, CommandError


def python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


def test_the_output_of_a_program_is_returned() -> None:
    assert run(python("print(input())"), stdin="hello") == "hello\n"


def test_a_failure_carries_status_and_last_words() -> None:
    with pytest.raises(CommandError, match="too bad") as caught:
        run(python("import sys; print('too bad', file=sys.stderr); sys.exit(3)"))
    assert caught.value.status == 3


def test_a_missing_program_is_named() -> None:
    with pytest.raises(ClusterError, match="`no-such-program` is not installed"):
        run(["no-such-program"])


def test_a_program_that_does_not_end_is_given_up() -> None:
    with pytest.raises(ClusterError, match="did not end within"):
        run(python("import time; time.sleep(30)"), timeout=0.2)


def test_success_is_a_status_of_zero() -> None:
    assert succeeds(python("pass"))
    assert not succeeds(python("raise SystemExit(1)"))
    assert not succeeds(["no-such-program"])


def test_waiting_ends_with_the_condition_or_with_an_error() -> None:
    answers = iter([False, False, True])
    wait_for("it", lambda: next(answers), seconds=5, delay=0.001)
    with pytest.raises(ClusterError, match="the moon: not within 0s"):
        wait_for("the moon", lambda: False, seconds=0.01, delay=0.001)


def test_a_tail_is_the_last_lines() -> None:
    assert tail("a\nb\nc\n", 2) == "b\nc"
