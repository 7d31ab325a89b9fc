"""Keeps processes alive for as long as its own standard input is open; then it ends them and removes their directory.

Rule: whatever becomes of the tests (a signal, a crash, a closed terminal), their end closes the pipe: nothing stays.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path


def main() -> None:
    """Read the commands (a JSON object by name, on one line) and keep them running until standard input ends."""
    directory = Path(sys.argv[1])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # meant for the tests, which close the pipe when they end
    processes = []
    try:
        for name, command in json.loads(sys.stdin.readline() or "{}").items():
            with (directory / f"{name}.log").open("wb") as log:
                processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log))
        while os.read(sys.stdin.fileno(), 1):
            pass
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
