"""How wharf opens its SQLite database: the pragmas, one read connection a thread, and what its errors mean.

Rule: every connection is made here, so none is without synchronous=FULL, foreign keys and a busy timeout. Several
processes may have the same database open.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import threading
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from wharf.metadata.interface import IndexFullError, IndexUnavailableError, MetadataError
from wharf.metadata.schema import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

BUSY_TIMEOUT = 30.0
"""Seconds that a writer waits for another process."""

WAL_LIMIT = 64 << 20
"""Bytes to which the write-ahead log is cut after a checkpoint."""


class Connections:
    """The connections of one process to one database file."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._file: tuple[int, int] | None = None
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Create and migrate the database. Processes that start together take turns.

        Raises SchemaError, IndexFullError, IndexUnavailableError.
        """
        with translated():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with _exclusive(self._path.with_name(f"{self._path.name}.lock")), closing(self.writer()) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                migrate(connection)
            _sync_directory(self._path.parent)
            self._file = self._found()

    def require_same_file(self) -> None:
        """Raise OSError when another file is at the path by now: what is written to the one that was opened is lost."""
        if self._found() != self._file:
            raise OSError(errno.ESTALE, f"{self._path.name} was replaced while it was in use: start wharf again")

    def _found(self) -> tuple[int, int]:
        status = self._path.stat()
        return status.st_dev, status.st_ino

    def writer(self) -> sqlite3.Connection:
        """A new connection that may write. The caller closes it."""
        with translated():
            connection = self._open()
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT}")
        return connection

    def reader(self) -> sqlite3.Connection:
        """This thread's read connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._open()
            connection.execute("PRAGMA query_only = ON")
            self._local.connection = connection
            with self._lock:
                self._opened.append(connection)
        return connection

    def close(self) -> None:
        """Close every read connection. No thread may be reading."""
        with self._lock:
            for connection in self._opened:
                connection.close()
            self._opened.clear()
        self._local = threading.local()

    def _open(self) -> sqlite3.Connection:
        # check_same_thread: a connection is used by one thread, and closed by the one that stops the process.
        return sqlite3.connect(
            self._path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False, cached_statements=256
        )


@contextmanager
def translated() -> Iterator[None]:
    """Raise the errors of SQLite, and of the files beside it, as those of metadata/interface.py."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise meaning(error) from error


def meaning(error: sqlite3.Error | OSError) -> MetadataError:
    """What an error is to a caller of the index."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # extended codes keep the primary one in the low byte
    if code == sqlite3.SQLITE_FULL or getattr(error, "errno", 0) in {errno.ENOSPC, errno.EDQUOT}:
        return IndexFullError(f"the index has no room ({error}): free space on its volume or grow it, then retry")
    if code in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}:
        return IndexUnavailableError(
            f"the index is damaged ({error}): put a backup of index.db back, or salvage it with `sqlite3 index.db "
            ".recover`, then run `wharf verify`"
        )
    if getattr(error, "errno", 0) in {errno.EACCES, errno.EPERM}:
        return IndexUnavailableError(f"the index is another user's ({error}): run this as the user that serves it")
    return IndexUnavailableError(f"the index could not be used ({error}): retry, and look at its volume if it stays so")


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
