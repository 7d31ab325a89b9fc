"""Programs that stand in for those that would touch the machine: each notes how it was called."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

SCRIPT = """#!{python}
import json, pathlib, sys
here = pathlib.Path({directory!r})
stdin = sys.stdin.read() if {reads} else ""
with (here / "calls").open("a") as calls:
    calls.write(json.dumps([{name!r}, *sys.argv[1:]]) + "\\n")
{body}
"""


class Programs:
    """Stand-in programs, first on PATH, and the calls that they got."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def add(self, name: str, body: str = "", *, reads: bool = False) -> None:
        """Add a program whose Python `body` sees `sys`, `here` (a directory) and `stdin`."""
        script = SCRIPT.format(python=sys.executable, directory=str(self.directory), name=name, body=body, reads=reads)
        (self.directory / name).write_text(script)
        (self.directory / name).chmod(0o755)

    def calls(self) -> list[str]:
        """Every call as one line of words, in order."""
        log = self.directory / "calls"
        return [" ".join(json.loads(line)) for line in log.read_text().splitlines()] if log.exists() else []


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """An empty PATH to put stand-ins on."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    return Programs(directory)
