"""Writes docs/reference/plugin.md from the command line of `kubectl registry`.

Rule: the page is never edited by hand; `--check` writes nothing and fails when it differs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from kubectl_registry import parser
from kubectl_registry.errors import EXIT_STATUSES
from tools.pages import NOTE, settle


def page() -> str:
    """The reference of the plugin."""
    built = parser.build()
    parts = [
        NOTE + "# kubectl registry\n",
        f"{built.description}\n",
        *_sections(built, parser.PROGRAM),
        "## Exit status\n",
    ]
    rows = [f"| {status} | {meaning} |" for status, meaning in EXIT_STATUSES.items()]
    parts.append("\n".join(["| status | meaning |", "|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def _sections(current: argparse.ArgumentParser, name: str) -> Iterator[str]:
    """A section for each command below a parser."""
    for word, child in parser.commands_of(current).items():
        full = f"{name} {word}"
        if parser.commands_of(child):
            yield from _sections(child, full)
            continue
        yield f"## {full}\n"
        yield f"```console\n$ {' '.join([full, *filter(None, map(_usage, child._actions))])}\n```\n"
        yield f"{child.description or _sentence(current, word)}\n"
        rows = [f"| {_names(action)} | {_cell(action.help or '')} |" for action in child._actions if _listed(action)]
        yield "\n".join(["| option | meaning |", "|---|---|", *rows]) + "\n"


def _sentence(current: argparse.ArgumentParser, word: str) -> str:
    """The help of a command that has no description."""
    for action in current._actions:
        for choice in getattr(action, "_choices_actions", []):
            if choice.dest == word:
                return f"{choice.help[0].upper()}{choice.help[1:]}."
    return ""


def _listed(action: argparse.Action) -> bool:
    return action.dest != "help"


def _usage(action: argparse.Action) -> str:
    if action.option_strings or not _listed(action):
        return ""
    shown = _placeholder(action)
    return f"[{shown}]" if action.nargs == "?" else shown


def _names(action: argparse.Action) -> str:
    if not action.option_strings:
        return f"`{_placeholder(action)}`"
    value = "" if action.nargs == 0 else f" {_placeholder(action)}"
    return ", ".join(f"`{option}{value}`" for option in action.option_strings)


def _placeholder(action: argparse.Action) -> str:
    choices = action.choices
    return "\\|".join(map(str, choices)) if choices else str(action.metavar or action.dest.upper())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main(arguments: list[str] | None = None) -> int:
    """Command line: 0 when the page is as the parser says, 1 when `--check` found a difference."""
    options = argparse.ArgumentParser(prog="python -m tools.plugin_reference", description=__doc__)
    options.add_argument("--check", action="store_true", help="write nothing; fail when the page is not up to date")
    return settle({"docs/reference/plugin.md": page()}, check=options.parse_args(arguments).check)


if __name__ == "__main__":
    sys.exit(main())
