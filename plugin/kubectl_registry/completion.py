"""Shell completion: candidates for a command line, the scripts that ask for them, and kubectl's own way of asking.

Rule: words of the command line come from the parser alone; only names of objects are asked of the cluster, and when it
does not answer there are simply none.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from kubectl_registry import parser
from kubectl_registry.errors import PluginError

NO_FILES, FILES = 4, 0
"""Directives of cobra's completion, which kubectl expects in the last line: no file names, or the shell's default."""

_BASH = """\
# bash completion for kubectl-registry: source <(kubectl-registry completion bash)
_kubectl_registry() {
  local words
  words=$(kubectl_complete-registry "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null) || return
  local directive=${words##*:}
  words=${words%:*}
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}")
  if [ "$directive" = 0 ] && [ ${#COMPREPLY[@]} = 0 ]; then compopt -o default; fi
}
complete -F _kubectl_registry kubectl-registry
"""
_ZSH = """\
#compdef kubectl-registry
# zsh completion for kubectl-registry: source <(kubectl-registry completion zsh)
_kubectl_registry() {
  local -a words_found
  words_found=("${(@f)$(kubectl_complete-registry "${(@)words[2,$CURRENT]}" 2>/dev/null)}")
  local directive=${words_found[-1]}
  words_found=("${(@)words_found[1,-2]}")
  compadd -a words_found
  if [ "$directive" = ":0" ]; then _files; fi
}
compdef _kubectl_registry kubectl-registry
"""
_FISH = """\
# fish completion for kubectl-registry: kubectl-registry completion fish | source
function __kubectl_registry
  set -l tokens (commandline -opc) (commandline -ct)
  kubectl_complete-registry $tokens[2..-1] 2>/dev/null | string match -v -r '^:'
end
complete -c kubectl-registry -f -a '(__kubectl_registry)'
"""


def script(shell: str) -> str:
    """The script for a shell."""
    return {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}[shell]


def main(arguments: Sequence[str] | None = None) -> None:
    """`kubectl_complete-registry`: what kubectl runs to complete `kubectl registry …`; the last word is unfinished."""
    words = list(sys.argv[1:] if arguments is None else arguments) or [""]
    found, directive = candidates(words, _names)
    sys.stdout.write("".join(f"{each}\n" for each in found) + f":{directive}\n")


Names = Callable[[str, Sequence[str]], list[str]]
"""Names of objects: what is asked for (NAME, WEBHOOK, NAMESPACE, CONTEXT, USER), and the words before."""


def candidates(words: Sequence[str], names: Names) -> tuple[list[str], int]:
    """What may stand in place of the last word, and whether file names may as well."""
    *before, unfinished = words
    current, positionals = parser.build(), 0
    value_of: argparse.Action | None = None
    for word in before:
        commands = parser.commands_of(current)
        if value_of is not None:
            value_of = None
        elif word.startswith("-"):
            action = current._option_string_actions.get(word)
            value_of = action if action is not None and action.nargs != 0 else None
        elif word in commands:
            current, positionals = commands[word], 0
        else:
            positionals += 1
    if value_of is not None:
        found, directive = _values(value_of, before, names)
    elif unfinished.startswith("-"):
        found, directive = sorted(o for o in current._option_string_actions if o.startswith("--")), NO_FILES
    else:
        found, directive = _positional(current, positionals, before, names), NO_FILES
    return [each for each in found if each.startswith(unfinished)], directive


def _positional(current: argparse.ArgumentParser, index: int, before: Sequence[str], names: Names) -> list[str]:
    commands = parser.commands_of(current)
    if commands:
        return list(commands)
    wanted = [action for action in current._actions if not action.option_strings]
    return _values(wanted[index], before, names)[0] if index < len(wanted) else []


def _values(action: argparse.Action, before: Sequence[str], names: Names) -> tuple[list[str], int]:
    if action.choices is not None:
        return [str(choice) for choice in action.choices], NO_FILES
    if action.metavar == "FILE":
        return [], FILES
    return names(str(action.metavar), before), NO_FILES


def _names(wanted: str, before: Sequence[str]) -> list[str]:
    """Names from the cluster that the words before point at."""
    from kubectl_registry import listing  # noqa: PLC0415 - a cluster is asked only for names

    try:
        return listing.names(wanted, before)
    except PluginError:
        return []
