"""Making content survive a power cut, once, for all who ask.

Rule: what flush() has not called lost was on the disk, bytes and directory entry, when it returned. Callers that ask
for the same content at the same time share one fsync, different content is synced side by side so that the file system
can share its journal commits, and content that is known to be durable costs one stat.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from wharf.blobs import disk
from wharf.blobs.interface import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from wharf.blobs.paths import Layout

THREADS = 8
"""fsyncs at a time."""

REMEMBERED = 16384
"""Most files that are known to be durable; beyond it the oldest is forgotten, and synced again when asked for."""

_LOG = logging.getLogger(__name__)

_Identity = tuple[int, int]


class Flusher:
    """Flushes content of one layout."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="wharf-flush")
        self._running: dict[str, Future[bool]] = {}
        self._durable: dict[str, _Identity] = {}

    async def flush(self, digests: Sequence[str]) -> Sequence[str]:
        """Make content durable; the digests whose content is not stored. Raises StoreUnavailableError."""
        waiting: dict[str, Future[bool]] = {}
        for digest in dict.fromkeys(digests):
            running = self._running.get(digest)
            if running is None and not self.knows(digest):
                running = self._start(digest)
            if running is not None:
                waiting[digest] = running
        if not waiting:
            return ()
        # shield: a caller that leaves must not cancel what others wait for.
        stored = await asyncio.gather(*(asyncio.shield(asyncio.wrap_future(future)) for future in waiting.values()))
        return tuple(digest for digest, found in zip(waiting, stored, strict=True) if not found)

    def knows(self, digest: str) -> bool:
        """Whether the very file that is there now has been made durable by this process."""
        known = self._durable.get(digest)
        return known is not None and known == _identity(self._layout.blob(digest))

    def close(self) -> None:
        """Finish what runs."""
        self._pool.shutdown()

    def _start(self, digest: str) -> Future[bool]:
        self._layout.blob(digest)  # raises InvalidDigestError here rather than in a thread
        future = self._pool.submit(self._sync, digest)
        self._running[digest] = future
        future.add_done_callback(lambda _: self._running.pop(digest, None))
        return future

    def _sync(self, digest: str) -> bool:
        """Sync one file and its directory; False when it is not there, or the disk cannot keep it."""
        path = self._layout.blob(digest)
        try:
            identity = _identity(path)
            disk.sync(path)
            disk.sync(path.parent)
        except FileNotFoundError:
            return False
        except OSError as error:
            if error.errno in disk.SHORTAGES:
                raise StoreUnavailableError(f"{error.strerror}: raise the limit of open files or memory") from error
            # After a failed fsync the kernel may call the lost pages clean, and the next fsync would succeed: the file
            # cannot be trusted any more.
            _LOG.warning("content could not be written to the disk, and is dropped: %s: %s", digest, error.strerror)
            with suppress(OSError):
                path.unlink()
            return False
        if identity is not None and identity == _identity(path):
            if len(self._durable) >= REMEMBERED:
                self._durable.pop(next(iter(self._durable)), None)
            self._durable[digest] = identity
        return True


def _identity(path: Path) -> _Identity | None:
    """What tells a file from another that later has the same name."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns
