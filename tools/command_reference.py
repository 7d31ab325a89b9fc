"""Makes docs/reference/wharf.md from the command line that wharf parses.

Rule: every command and every option is on the page, with the text that `--help` gives.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from wharf.cli import command_line

INTRO = """# The command `wharf`

`wharf COMMAND --help` says the same. In Kubernetes: `kubectl exec deployment/NAME -- wharf COMMAND`. Of two
pods that share a claim, the one that stands by refuses what needs the data, and names the one to ask instead.
"""


def commands_page() -> str:
    """The reference of all commands, without the note that it is generated."""
    parser = command_line()
    return "\n".join([INTRO, *(text for text in (parser.epilog or "", *_sections(parser)) if text)])


def _sections(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if not isinstance(action, argparse._SubParsersAction):
            continue
        helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
        for name, command in action.choices.items():
            yield f"\n## {command.prog}\n\n{_sentence(command.description or helps.get(name, ''))}\n"
            yield _arguments(command)
            yield from _sections(command)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def _arguments(command: argparse.ArgumentParser) -> str:
    rows = [
        f"| {_name(action)} | {(action.help or '').replace('|', chr(92) + '|')} |"
        for action in command._actions
        if not isinstance(action, argparse._HelpAction | argparse._SubParsersAction)
    ]
    return "| argument | meaning |\n|---|---|\n" + "\n".join(rows) + "\n" if rows else ""


def _name(action: argparse.Action) -> str:
    if not action.option_strings:
        return f"`{action.metavar or action.dest}`"
    value = action.metavar or (f"{{{','.join(map(str, action.choices))}}}" if action.choices else "")
    taken = "" if action.nargs == 0 else f" {value or action.dest.upper()}"
    return ", ".join(f"`{option}{taken}`" for option in action.option_strings)
