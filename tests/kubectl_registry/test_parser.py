"""The command line: what it refuses, and that every word of it is explained."""

import argparse

import pytest

from kubectl_registry.parser import build, commands_of


def every(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    return [parser, *(below for child in commands_of(parser).values() for below in every(child))]


def test_every_option_and_argument_is_explained() -> None:
    for parser in every(build()):
        for action in parser._actions:
            assert action.help or isinstance(action, argparse._SubParsersAction), f"{parser.prog}: {action.dest}"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["login"],
        ["login", "x", "--docker", "--podman"],
        ["gc", "x", "--timeout", "0"],
        ["completion", "csh"],
    ],
)
def test_a_command_line_that_makes_no_sense_ends_with_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        build().parse_args(arguments)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err
