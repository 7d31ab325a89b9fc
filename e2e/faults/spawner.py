"""Starts registries as processes of their own, in milliseconds: everything is imported once, then forked for each.

Rule: a program, not a module to import: it reads an Order as JSON from each line of its input, answers the id of the
process that serves it, and takes all of them with it when it ends.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

import wharf.background
import wharf.garbage.plan
import wharf.garbage.timekeeper
import wharf.server
from wharf.config import Config
from wharf.garbage.collector import Terms

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Order:
    """A registry to start. `boot`: the boot of the machine that it is to believe in; empty: the true one.

    `impatient`: it sweeps all the time, and calls a repository quiet after a moment, so that sweeps and pushes meet.
    `clock`: a file with the seconds by which its wall clock is wrong, read again whenever it looks at the clock.
    """

    config: str
    boot: str = ""
    impatient: bool = False
    clock: str = ""


def serve(order: Order) -> None:
    """Serve until killed. What is logged goes to a file beside the configuration."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    log = os.open(Path(order.config).with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    os.dup2(log, 1)
    os.dup2(log, 2)
    if order.impatient:
        vars(wharf.background)["terms"] = _impatient(wharf.background.terms)
        vars(wharf.garbage.plan)["QUIET"] = 0.5
    if order.boot:
        vars(wharf.server)["boot_id"] = lambda: order.boot
    if order.clock:
        vars(time)["time"] = _wrong(Path(order.clock))
    wharf.server.run(order.config, {})


def _impatient(terms: Callable[[Config], Terms]) -> Callable[[Config], Terms]:
    def replaced(config: Config) -> Terms:
        return replace(terms(config), grace=0.0, interval=0.02, upload_expiry=2.0, delete_untagged=True)

    return replaced


def _wrong(file: Path) -> Callable[[], float]:
    right = time.time  # noqa: TID251 - the edge that wharf's own clock stands on

    def now() -> float:
        return right() + float(file.read_text() or 0)

    return now


def main() -> None:
    """Carry out orders until there are no more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the children
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            sys.stdin.close()
            serve(msgspec.json.decode(line, type=Order))
            os._exit(0)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
