"""Several processes that serve one registry: starts them, starts another for one that dies, and ends them.

Rule: this process holds the listening sockets and does nothing else, so a worker that dies takes nothing with it but
the requests that it was answering. Workers share the index and the files, and tell each other nothing but what /status
and /metrics ask for all of them (peers.py).
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from wharf.listener import AddressError, bind
from wharf.peers import VARIABLE, Post, socket_of

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

log = logging.getLogger("wharf.workers")

LONGEST_PAUSE = 30.0
"""Most seconds before a worker that keeps dying is started again."""

STEADY = 60.0
"""Seconds after which a worker that ends is started again at once."""

_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_PR_SET_PDEATHSIG = 1  # prctl(2)


def processors() -> int:
    """How many processors this process may use: those of the machine, within the limit of its control group."""
    usable = len(os.sched_getaffinity(0))
    try:
        quota, period = _QUOTA.read_text().split()
        return max(1, min(usable, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):  # no such file, or `max`
        return usable


def end_with_parent(post: Post) -> None:
    """Let this worker be told to end when the process that started it is gone."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != post.parent:
        os.kill(os.getpid(), signal.SIGTERM)


class Supervisor:
    """Keeps `count` workers running, each with the command line `arguments`, the two sockets, and what else is `held`
    (peers.py). stop() closes all these.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        count: int,
        public: socket.socket,
        admin: socket.socket | None,
        held: tuple[int, ...] = (),
    ) -> None:
        self._command = [sys.executable, "-m", "wharf", *arguments]
        self._count = count
        self._sockets = [one for one in (public, admin) if one is not None]
        self._public = public.fileno()
        self._admin = admin.fileno() if admin is not None else -1
        self._held = held
        self._running: dict[int, asyncio.subprocess.Process] = {}
        self._stopping = asyncio.Event()
        self._served: set[int] = set()
        self._status = 0

    async def run(self) -> int:
        """Serve until SIGTERM or SIGINT; the exit status."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self._tell, signal.SIGHUP)
        with tempfile.TemporaryDirectory(prefix="wharf-") as directory:
            log.info("starting workers", extra={"workers": self._count})
            await asyncio.gather(*(self._keep(number, directory) for number in range(self._count)))
        return self._status

    def stop(self) -> None:
        """Let every worker finish what it is answering, and start no more."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End every worker at once, which is no success."""
        self._status = 1
        self._end(signal.SIGKILL)

    def _end(self, number: int) -> None:
        self._stopping.set()
        for one in self._sockets:
            one.close()
        held, self._held = self._held, ()
        for descriptor in held:
            os.close(descriptor)
        self._tell(number)

    def _tell(self, number: int) -> None:
        for process in self._running.values():
            _send(process, number)

    async def _keep(self, number: int, directory: str) -> None:
        """Have one worker running until stop()."""
        pause = 0.0
        while not self._stopping.is_set():
            begun = time.monotonic()
            status = await self._once(number, directory)
            if self._stopping.is_set():
                break
            first = number not in self._served
            if socket_of(directory, number).exists():
                self._served.add(number)
            elif first:  # it has never served: the others will not either
                self._status = status or 1
                self.stop()
                break
            log.error("a worker ended, starting another", extra={"worker": number, "status": status})
            pause = 0.0 if time.monotonic() - begun > STEADY else min(LONGEST_PAUSE, pause * 2 or 0.5)
            try:
                async with asyncio.timeout(pause):
                    await self._stopping.wait()
            except TimeoutError:
                continue

    async def _once(self, number: int, directory: str) -> int:
        post = Post(number, self._count, self._public, self._admin, directory, os.getpid(), self._held)
        socket_of(directory, number).unlink(missing_ok=True)
        self._running[number] = process = await asyncio.create_subprocess_exec(
            *self._command,
            env={**os.environ, VARIABLE: msgspec.json.encode(post).decode()},
            stdin=subprocess.DEVNULL,
            pass_fds=[*(one.fileno() for one in self._sockets), *self._held],
        )
        if self._stopping.is_set():  # while it was being started
            _send(process, signal.SIGTERM)
        try:
            return await process.wait()
        finally:
            del self._running[number]


def _send(process: asyncio.subprocess.Process, number: int) -> None:
    with suppress(ProcessLookupError):  # it has ended, and whoever waits for it has yet to be told
        process.send_signal(number)


def listen(arguments: Sequence[str], address: str, admin_address: str) -> tuple[socket.socket, socket.socket | None]:
    """The two listening sockets. Raises AddressError."""
    public = bind(address)
    admin = None
    if admin_address:
        try:
            admin = bind(admin_address)
        except AddressError as error:
            if "--config" in arguments:
                raise
            log.warning("no probes, metrics and status", extra={"cause": str(error)})
    return public, admin


def supervise(arguments: Sequence[str], count: int, address: str, admin_address: str) -> int:
    """Serve with `count` workers until a signal says to stop; the exit status. Raises AddressError."""
    public, admin = listen(arguments, address, admin_address)
    return asyncio.run(Supervisor(arguments, count, public, admin).run())
