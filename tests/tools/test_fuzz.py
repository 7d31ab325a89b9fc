"""The parsers stand a short fuzzing, and the fuzzer finds what it is there for."""

import pytest
from tools.fuzz import TARGETS, FailureError, Fuzzer, Target, main

SECONDS = 0.4
"""For each parser; `python -m tools.fuzz` goes on for longer."""


@pytest.mark.parametrize("name", TARGETS)
def test_a_parser_keeps_its_promises(name: str) -> None:
    fuzzer = Fuzzer(TARGETS[name], seed=1)
    fuzzer.run(SECONDS)
    assert fuzzer.runs > len(fuzzer.corpus) >= len(TARGETS[name].seeds)


def test_a_parser_that_fails_is_found() -> None:
    def parse(data: bytes) -> None:
        if b"\xff" in data:
            raise KeyError(data)
        if data.startswith(b"x"):
            raise ValueError

    with pytest.raises(FailureError, match="KeyError"):
        Fuzzer(Target(parse, (ValueError,), (b"seed",)), seed=1).run(20.0)


def test_the_command_line(capsys: pytest.CaptureFixture[str], tmp_path: object) -> None:
    assert main(["digest", "--seconds", "0.05", "--corpus", str(tmp_path)]) == 0
    assert "inputs" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["nonsense"])
