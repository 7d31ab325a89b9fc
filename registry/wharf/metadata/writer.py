"""The one thread that writes the index, and the commit that its callers share.

Rule: each piece of work runs in a savepoint of its own, so one that fails takes nothing of the others with it, and no
caller hears of success before the commit that makes its work durable. While one commit waits for the disk the next
group gathers, so an fsync is shared by all who wait, and a lone caller waits for nobody. Who is patient goes along with
the next group that there is anyway.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from wharf.metadata.connections import meaning
from wharf.metadata.interface import IndexUnavailableError

if TYPE_CHECKING:
    from types import TracebackType

T = TypeVar("T")
Failure = sqlite3.Error | OSError
Turn = Callable[[], AbstractContextManager[None]]
"""Waits until this writer may write, and ends that."""

GROUP = 256
"""Most pieces of work in one commit: bounds how long the first of them waits."""


class Writer:
    """Runs functions of a connection, one after the other, in shared transactions."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], turn: Turn = nullcontext) -> None:
        self._connect = connect
        self._turn = turn
        self._queue: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._patient: deque[_Job[Any]] = deque()  # who goes along; filled by many, emptied by the thread
        self._thread: threading.Thread | None = None
        self._closing = False

    def start(self) -> None:
        """Open the connection and start the thread."""
        connection = self._connect()
        self._thread = threading.Thread(target=self._loop, args=(connection,), name="wharf-index-writer", daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[sqlite3.Connection], T], patience: float = 0.0) -> T:
        """The result of `work`, once it is durable. What it raises undoes it, and it alone.

        `work` must only touch the connection, so that it can be undone. It may wait so many seconds for a commit that
        others ask for.
        """
        if self._closing or self._thread is None:
            raise IndexUnavailableError("the index is closed: retry when the registry is up again")
        loop = asyncio.get_running_loop()
        job = _Job(work, loop)
        if not patience:
            self._queue.put(job)
            return await job.future
        self._patient.append(job)
        timer = loop.call_later(patience, self._queue.put, job)
        try:
            return await job.future
        finally:
            timer.cancel()

    def stop(self) -> None:
        """Finish what is queued, then end the thread and close its connection."""
        self._closing = True
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def _loop(self, connection: sqlite3.Connection) -> None:
        more = True
        while more:
            more = self._group(connection)
        connection.close()

    def _group(self, connection: sqlite3.Connection) -> bool:
        """Carry out one group; False after the last."""
        more, jobs = self._gather()
        if not jobs:
            return more
        failure: Failure | None = None
        try:
            with self._turn():
                connection.execute("BEGIN IMMEDIATE")
                for job in jobs:
                    job.attempt(connection)
                connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            failure = error
            _abandon(connection)
        _answer(jobs, failure)
        return more

    def _gather(self) -> tuple[bool, list[_Job[Any]]]:
        jobs: list[_Job[Any]] = []
        job = self._queue.get()
        while True:
            if job is None:
                return False, jobs + self._patiently()
            if job.begins():
                jobs.append(job)
            if len(jobs) == GROUP:
                return True, jobs
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                return True, jobs + self._patiently()

    def _patiently(self) -> list[_Job[Any]]:
        """Who goes along with a group."""
        jobs = [self._patient.popleft() for _ in range(len(self._patient))]
        return [job for job in jobs if job.begins()]


class _Job(Generic[T]):
    """A piece of work and who waits for it. As a context manager it keeps whatever the work raises for its caller."""

    def __init__(self, work: Callable[[sqlite3.Connection], T], loop: asyncio.AbstractEventLoop) -> None:
        self.work = work
        self.loop = loop
        self.future: asyncio.Future[T] = loop.create_future()
        self.result: T
        self.error: BaseException | None = None
        self._begun = False

    def begins(self) -> bool:
        """Whether it is to be carried out: not when nobody waits for it any more, nor twice. For the thread alone."""
        begins, self._begun = not self._begun and not self.future.cancelled(), True
        return begins

    def attempt(self, connection: sqlite3.Connection) -> None:
        """Run the work in a savepoint. Raises only when the whole transaction is lost."""
        connection.execute("SAVEPOINT work")
        with self:
            self.result = self.work(connection)
        if self.error is not None:
            # A full disk or an I/O error can end the transaction itself; then there is no savepoint to return to.
            if not connection.in_transaction and isinstance(self.error, sqlite3.Error):
                raise self.error
            connection.execute("ROLLBACK TO work")
        connection.execute("RELEASE work")

    def __enter__(self) -> None:
        """Start keeping."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        """Keep the error, and go on with the next."""
        self.error = error
        return True

    def settle(self, failure: Failure | None) -> None:
        """Tell the caller. Runs in the caller's loop."""
        if self.future.cancelled():
            return
        error = failure or self.error
        if error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(meaning(error) if isinstance(error, Failure) else error)


def _abandon(connection: sqlite3.Connection) -> None:
    with suppress(sqlite3.Error):  # then the next BEGIN fails, and this is tried again
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _answer(jobs: list[_Job[Any]], failure: Failure | None) -> None:
    """Wake every caller, with one wake-up a loop rather than one a caller."""
    loops: dict[asyncio.AbstractEventLoop, list[_Job[Any]]] = {}
    for job in jobs:
        loops.setdefault(job.loop, []).append(job)
    for loop, waiting in loops.items():
        with suppress(RuntimeError):  # the loop has ended, and its callers with it
            loop.call_soon_threadsafe(_settle, waiting, failure)


def _settle(jobs: list[_Job[Any]], failure: Failure | None) -> None:
    for job in jobs:
        job.settle(failure)
