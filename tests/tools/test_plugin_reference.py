"""The plugin's reference page names every command, every option and every exit status."""

import argparse

from tools.plugin_reference import page

from kubectl_registry.errors import EXIT_STATUSES
from kubectl_registry.parser import build, commands_of


def leaves(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    children = commands_of(parser).values()
    return [leaf for child in children for leaf in leaves(child)] if children else [parser]


def test_every_command_and_option_is_there() -> None:
    text = page()
    for command in leaves(build()):
        assert f"## {command.prog}\n" in text
        section = text.split(f"## {command.prog}\n")[1].split("\n## ")[0]
        assert all(option in section for action in command._actions for option in action.option_strings[-1:]
                   if option != "--help")  # fmt: skip


def test_every_exit_status_is_there() -> None:
    assert all(f"| {status} | {meaning} |" in page() for status, meaning in EXIT_STATUSES.items())
