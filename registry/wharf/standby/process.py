"""The process that stands by until the data can be opened, then keeps the workers that serve it.

Rule: it has the lock before it starts a worker, and says that it has let go once all workers have closed what they had
open. Whether by then another has the data or nobody, connections that come here are passed on, to the end.

Nothing of the file system is asked for in the event loop: one that hangs would hold up the probes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import secrets
import signal
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import uvloop

from wharf import __version__, limits
from wharf.listener import GRACE_SECONDS, Listener
from wharf.metrics import Metrics
from wharf.reload import Reloader
from wharf.standby.admin import StandbyAdminApp
from wharf.standby.leaving import LINGER
from wharf.standby.lock import LOST, RETRY, Lock, unsafe
from wharf.standby.relay import Relay
from wharf.standby.turn import BEAT, Entry, Turn, Verdict, lost, unready
from wharf.workers import Supervisor, listen

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger("wharf.standby")

LAST_SECONDS = 5.0
"""For connections that are passed on when all workers have ended. With what those take (leaving.py, listener.py) it is
less than the 60 s after which the operator has the kubelet kill."""


@dataclass(frozen=True)
class Plan:
    """What is to be served: the configuration file and what is said instead of it, the command line of a worker, how
    many there are to be, and `host`, where others reach this one.
    """

    path: str
    overrides: Mapping[str, str]
    command: list[str]
    workers: int
    host: str


class StandBy:
    """One process that stands by. `public` and `admin` are its listening sockets, `data` the directory."""

    def __init__(self, plan: Plan, data: str, public: socket.socket, admin: socket.socket | None) -> None:
        self._plan = plan
        self._public, self._admin = public, admin
        host = f"[{plan.host}]" if ":" in plan.host else plan.host
        address = f"{host}:{public.getsockname()[1]}"
        self._entry = Entry(address, socket.gethostname(), secrets.token_hex(8))
        self._turn = Turn(self._entry.name, address)
        self._lock = Lock(data)
        self._metrics = Metrics()
        self._metrics.standby.set(value=1)
        self._reloader = Reloader(self._metrics, plan.path, plan.overrides)
        self._stopping = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._noted = ("", "")
        self._loop = asyncio.get_running_loop()
        self._relay = Relay(public.dup(), lambda: self._turn.goal(self._loop.time(), self._entry.id))

    async def run(self) -> int:
        """Stand by, and serve when it is this one's turn, until SIGTERM or SIGINT; the exit status.

        Raises LoadError, LockError, AddressError.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._stopping.set)
        with contextlib.closing(self._lock):
            turn = await self._stand_by()
            try:
                if turn:
                    return await self._serve()
                await self._relay.end(GRACE_SECONDS)
                return 0
            finally:
                await self._listener.ended()

    async def _stand_by(self) -> bool:
        """Pass connections on until it is this one's turn; False: until it is to stop."""
        self._reloader.load()
        self._loop.add_signal_handler(signal.SIGHUP, self._reloader.poll)
        reloading = self._loop.create_task(self._reloader.run())
        app = StandbyAdminApp(self._reloader, self._metrics, self._active, self._unready)
        self._listener = Listener(app, self._reloader.tls)
        try:
            if self._admin is not None:
                await self._listener.start(self._admin.dup())
            self._relay.accept()
            log.info("standing by", extra=self._summary())
            turn = await self._wait()
            if turn:
                self._relay.pause()
            else:
                log.info("stopping", extra={"grace": GRACE_SECONDS})
                await self._watch(LINGER)
            return turn
        finally:
            self._listener.stop()  # its end need not be waited for: another has the socket from now on
            reloading.cancel()
            await asyncio.wait({reloading})
            self._reloader.close()

    async def _wait(self) -> bool:
        """Try until it is this one's turn; False: it is to stop. Raises LockError."""
        while not self._stopping.is_set():
            try:
                verdict = await asyncio.to_thread(self._try)
            except OSError as error:
                verdict = Verdict.WAIT
                self._note("the lock file cannot be used, trying again", error.strerror or str(error))
            if verdict is Verdict.OPEN:
                return True
            if verdict is Verdict.UNSAFE and self._turn.found is not None:
                raise unsafe(self._turn.found)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RETRY):
                    await self._stopping.wait()
        return False

    def _try(self) -> Verdict:
        """Try to have the lock, and the right to open the data with it."""
        if not self._lock.take():
            self._turn.refused(self._lock.read(), self._loop.time())
            return Verdict.WAIT
        verdict = Verdict.WAIT
        try:
            verdict = self._given()
        finally:
            if verdict is not Verdict.OPEN:  # nor where this host cannot use the file: another one may
                self._lock.give_back()
        return verdict

    def _given(self) -> Verdict:
        """What follows now that the lock is this one's."""
        verdict = self._turn.given(self._lock.read(), self._loop.time())
        if verdict is Verdict.OPEN:
            if self._lock.claim(self._entry):
                self._turn.look(self._entry, self._loop.time())
                return verdict
            verdict = Verdict.WAIT
            self._note("waiting", "a command still runs that was begun where the data was open")
        elif verdict is Verdict.WAIT:
            self._note("waiting", f"{self._active()} has left no end: seeing whether it is gone")
        return verdict

    def _note(self, message: str, cause: str) -> None:
        """Log what is in the way, once."""
        if self._noted != (message, cause):
            self._noted = message, cause
            log.warning(message, extra={"cause": cause})

    async def _serve(self) -> int:
        """Keep the workers, then pass on what still comes; the exit status."""
        log.info("taking over", extra={"address": self._entry.address})
        closed, held = os.pipe()
        let_go = asyncio.Event()
        self._loop.add_reader(closed, let_go.set)  # at its end: when nobody has `held` any more
        descriptors = (os.dup(self._lock.descriptor), held)
        supervisor = Supervisor(self._plan.command, self._plan.workers, self._public, self._admin, descriptors)
        if self._stopping.is_set():
            supervisor.stop()
        holding = self._loop.create_task(self._hold(supervisor, let_go))
        status = await supervisor.run()
        released = await holding
        self._loop.remove_reader(closed)
        os.close(closed)
        if released:
            await self._relay.end(LAST_SECONDS)
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait({self._watching})
        return status

    async def _hold(self, supervisor: Supervisor, let_go: asyncio.Event) -> bool:
        """Give signs of life until the workers have let go, and say so; False: another took this one's place."""
        while not let_go.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BEAT):
                    await let_go.wait()
            try:
                kept = await asyncio.to_thread(self._sign, let_go.is_set())
            except OSError as error:
                log.warning("no sign of life could be given", extra={"cause": error.strerror or str(error)})
            else:
                if not kept:
                    log.critical(LOST, extra={"active": self._active()})
                    supervisor.kill()
                    return False
        self._lock.give_back()
        self._watching = self._loop.create_task(self._watch())
        self._relay.accept()
        log.info("let go of the data")
        return True

    def _sign(self, released: bool) -> bool:
        """Give a sign of life, or the last; False: the entry is another's, or in a file whose lock others can have."""
        found = self._lock.read()
        self._turn.look(found, self._loop.time())
        if lost(found, self._entry) or not self._lock.is_there():
            return False
        self._entry = msgspec.structs.replace(self._entry, beat=self._entry.beat + 1, released=released)
        self._lock.write(self._entry)
        self._turn.look(self._entry, self._loop.time())
        return True

    async def _watch(self, seconds: float = math.inf) -> None:
        """See who has the data open, for so long."""
        end = self._loop.time() + seconds
        while self._loop.time() < end:
            with contextlib.suppress(OSError):  # the next look may succeed
                self._turn.look(await asyncio.to_thread(self._lock.read), self._loop.time())
            await asyncio.sleep(RETRY)

    async def _unready(self) -> str:
        """Why requests should not come here."""
        return "" if await self._relay.reachable() else unready(self._relay.reached, self._loop.time())

    def _active(self) -> str:
        found = self._turn.found
        return "" if found is None or found.released else found.name

    def _summary(self) -> dict[str, object]:
        admin = self._admin.getsockname()[1] if self._admin is not None else 0
        return {"version": __version__, "address": self._entry.address, "admin": admin, "active": self._active()}


def stand_by(plan: Plan, data: str, address: str, admin_address: str) -> int:
    """Stand by and serve until a signal says to stop; the exit status. Raises what StandBy.run() does."""
    limits.allow_many_files()
    public, admin = listen(plan.command, address, admin_address)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(plan, data, public, admin))


async def _run(plan: Plan, data: str, public: socket.socket, admin: socket.socket | None) -> int:
    return await StandBy(plan, data, public, admin).run()
