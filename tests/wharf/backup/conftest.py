"""A registry that serves, its backup, and another registry that is restored from one."""

import io
import sys
from types import SimpleNamespace

import pytest

from wharf.cli import main


class Text(io.TextIOWrapper):
    """Standard input or output with bytes behind it."""


@pytest.fixture
def wharf(monkeypatch, capsys):
    """Run a command with bytes on standard input; what it wrote, what it said, and its exit status."""

    def run(*arguments, given=b""):
        out, status = io.BytesIO(), 0
        monkeypatch.setattr(sys, "stdout", Text(out, write_through=True))
        monkeypatch.setattr(sys, "stdin", Text(io.BytesIO(given)))
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as exit_:
            status = exit_.code
        return SimpleNamespace(out=out.getvalue(), said=capsys.readouterr().err, status=status)

    return run
