"""The command `kubectl registry`.

Rule: an error is one line on standard error that names the remedy, with the exit status that the reference lists; only
the module of the command that was given is imported.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

from kubectl_registry import parser, wording
from kubectl_registry.errors import PluginError

INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Carry out one command line, and end the program."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command line; the exit status."""
    options = parser.build().parse_args(arguments)
    try:
        if options.command == "completion":
            from kubectl_registry import completion  # noqa: PLC0415 - only what the command needs

            print(completion.script(options.shell), end="")
            return 0
        from kubectl_registry.screen import Screen  # noqa: PLC0415 - the same
        from kubectl_registry.session import Session  # noqa: PLC0415 - the same

        command = importlib.import_module(f"kubectl_registry.commands.{options.command}")
        with Session(options, Screen(options.output)) as session:
            return int(command.run(session))
    except PluginError as error:
        print(f"kubectl registry: {wording.visible(str(error))}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # whoever read our output has closed it: there is nobody to tell, not even when Python flushes at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
