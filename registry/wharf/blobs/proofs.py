"""Proving that a file holds what its name says before its content is given away, once a day for each file.

Rule: a file that this process received is proven, for it was hashed on its way in; any other is hashed when it is first
asked for. One that is found wrong is set aside at once, so that it is missing from then on and the next push mends it.
What is known is of one file, not of a digest: one that was replaced or written to is hashed anew, and one that was
replaced or deleted after it had been opened is what it was.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from wharf.blobs import disk, inspection
from wharf.blobs.inspection import State
from wharf.blobs.interface import BlobError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wharf.blobs.paths import Layout

LASTS = 86400.0
"""Seconds that a proof is good for."""

SMALL = 4 << 20
"""Bytes up to which a file is hashed in milliseconds. It does not queue behind larger ones, which take minutes."""

KEPT = 20_000
"""Files that are remembered; the one proven longest ago goes first."""

_LOG = logging.getLogger(__name__)

File = tuple[int, int]
"""Inode, and time of the last change in nanoseconds."""


class _StoppedError(Exception):
    """The process ends."""


class Proofs:
    """What this process knows of the files below `layout`. Close it at the end."""

    def __init__(self, layout: Layout, *, now: Callable[[], float] = time.monotonic) -> None:
        self._layout = layout
        self._now = now
        self._guard = threading.Lock()
        self._proven: OrderedDict[File, float] = OrderedDict()
        self._under_way: dict[File, asyncio.Future[bool]] = {}
        self._doubted: dict[str, asyncio.Future[None]] = {}
        self._stopped = threading.Event()
        self._small = ThreadPoolExecutor(2, thread_name_prefix="wharf-proofs-small")
        self._large = ThreadPoolExecutor(2, thread_name_prefix="wharf-proofs-large")

    def close(self) -> None:
        """End what is under way."""
        self._stopped.set()
        self._small.shutdown(cancel_futures=True)
        self._large.shutdown(cancel_futures=True)

    def add(self, status: os.stat_result) -> None:
        """A file has been hashed and found right. Any thread may say so."""
        file = _file(status)
        with self._guard:
            self._proven.pop(file, None)
            self._proven[file] = self._now()
            if len(self._proven) > KEPT:
                self._proven.popitem(last=False)

    def prove(self, digest: str, descriptor: int) -> asyncio.Future[bool] | None:
        """Whether an open file is the content of a digest; None when that is known. Shield what you wait for.

        Raises StoreUnavailableError when too many files are open.
        """
        status = os.fstat(descriptor)
        file = _file(status)
        with self._guard:
            since = self._proven.get(file)
        if since is not None and self._now() - since < LASTS:
            return None
        if file not in self._under_way:
            pool = self._small if status.st_size <= SMALL else self._large
            with disk.translated():
                own = os.dup(descriptor)  # who asked may leave, and close theirs
            work = asyncio.get_running_loop().run_in_executor(pool, self._prove, digest, own, status)
            self._under_way[file] = work
            work.add_done_callback(partial(self._done, file, own))
        return self._under_way[file]

    def doubt(self, digest: str) -> None:
        """A pull could not have this content: look at it, and let it be told of if something is wrong."""
        if digest not in self._doubted:
            work = asyncio.get_running_loop().run_in_executor(self._large, self._look, digest)
            self._doubted[digest] = work
            work.add_done_callback(partial(self._looked, digest))

    def _looked(self, digest: str, work: asyncio.Future[None]) -> None:
        del self._doubted[digest]
        if not work.cancelled():
            work.result()

    def _look(self, digest: str) -> None:
        """Look at content, and let it be known what is wrong."""
        try:
            found = inspection.inspect(self._layout, digest, pause=self._go_on)
            if found.state is State.CORRUPT:
                self._set_aside(found)
            elif found.state is not State.WHOLE:
                cause = found.message or found.state.value
                _LOG.error("content cannot be had: see to the volume", extra={"digest": digest, "cause": cause})
                inspection.note(self._layout, digest)
        except BlobError as error:
            _LOG.warning("damage is told by nothing but the log: %s", error, extra={"digest": digest})
        except _StoppedError:
            return

    def _done(self, file: File, own: int, work: asyncio.Future[bool]) -> None:
        os.close(own)
        del self._under_way[file]
        if not work.cancelled():
            work.exception()  # who waited for it has gone, where nobody else asks

    def _prove(self, digest: str, own: int, status: os.stat_result) -> bool:
        try:
            found = inspection.inspect_open(digest, own, self._go_on)
        except _StoppedError:
            return False
        if found.state is State.WHOLE and found.file == _file(status):
            self.add(status)
            inspection.forget(self._layout, digest)
            return True
        if found.state is State.CORRUPT:
            self._set_aside(found)
        else:
            about = {"digest": digest, "cause": found.message or found.state.value}
            _LOG.error("content could not be proven before it was served", extra=about)
            self._look(digest)
        return False

    def _set_aside(self, found: inspection.Inspected) -> None:
        about = {"digest": found.digest}
        try:
            moved = inspection.set_aside(self._layout, found)
        except BlobError as error:
            _LOG.error("content is not what its name says, and cannot be set aside: %s", error, extra=about)
        else:
            if moved:  # else another process was first, or the file had been replaced
                _LOG.error("content is not what its name says, and was set aside: push it again", extra=about)

    def _go_on(self, _: int) -> None:
        if self._stopped.is_set():
            raise _StoppedError


def _file(status: os.stat_result) -> File:
    return status.st_ino, status.st_mtime_ns
