"""Runs other programs. Rule: no shell, no secret in an argument, and a failure shows the program's own last words."""

import os
import shlex
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from e2e.cluster.errors import ClusterError, CommandError

TAIL_LINES = 25


def tail(text: str, lines: int = TAIL_LINES) -> str:
    """The last `lines` lines of `text`."""
    return "\n".join(text.strip().splitlines()[-lines:])


def run(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | None = None,
    timeout: float | None = 600,
) -> str:
    """Run a program to its end and return its standard output; `env` is added to ours.

    Raises `CommandError` with the end of its output when it fails, `ClusterError` when it is missing or too slow.
    """
    command = [str(argument) for argument in argv]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise ClusterError(f"`{command[0]}` is not installed (or not on PATH): {error}") from error
    except subprocess.TimeoutExpired as error:
        raise ClusterError(f"`{shlex.join(command)}` did not end within {timeout:.0f}s") from error
    if done.returncode:
        raise CommandError(shlex.join(command), done.returncode, tail(done.stderr + done.stdout))
    return done.stdout


def succeeds(argv: Sequence[str | Path], *, timeout: float = 60) -> bool:
    """Whether a program can be run and ends with status 0."""
    try:
        run(argv, timeout=timeout)
    except ClusterError:
        return False
    return True


def wait_for(what: str, condition: Callable[[], bool], *, seconds: float, delay: float = 0.1) -> None:
    """Poll `condition` every `delay` seconds; raise `ClusterError` when `seconds` pass without it."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise ClusterError(f"{what}: not within {seconds:.0f}s")
        time.sleep(delay)
