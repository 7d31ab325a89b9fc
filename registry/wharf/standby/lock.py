"""The lock file that one host holds alone while it has a registry's data open, or several share that do not stand by.

Rule: whoever opens the index or the content holds this lock, by itself or by whoever started it, until both are closed.
The kernel frees it when the last process is gone that has it. What is in the file is for the others: a lock does not
say who holds it. It is opened anew for each look, which makes NFS ask its server.

A command that is run where the data is open already needs no turn of its own; but who comes next has to wait for it, so
it shares another lock, which is looked at before data is opened.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import msgspec

from wharf.blobs.paths import Layout
from wharf.standby.turn import UNREADABLE, Entry, Turn, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RETRY = 0.2
"""Seconds between two tries. One that waits for a lock over NFS is asked about up to 30 s after it is free."""

SIZE = 512
"""Bytes of an entry: one sector, so that nobody reads half of one."""

PATIENCE = 5.0
"""Seconds for one that is just opening the data to say who it is."""


_MEND = "mount it so that locks hold between hosts (NFS 4, without `nolock` and `local_lock`), or run one replica of it"

LOST = (
    "active.lock no longer says that this host has the data open, so that another may open it too: ending at once. "
    "Where somebody removed or changed that file, leave it alone, and start this host again; "
    f"where another host has the data, the file system let both lock it: {_MEND}"
)
"""What the active one says when it finds that its lock keeps nobody out any more."""


class LockError(Exception):
    """The data cannot be opened beside whoever has it open. The message says who that is, and what to do."""


class Lock:
    """The lock file of the data directory `data`. Raises LockError where there can be none."""

    def __init__(self, data: str) -> None:
        layout = Layout(data)
        self._path, self._beside = layout.active, layout.beside
        try:
            layout.root.mkdir(parents=True, exist_ok=True)
            self.descriptor = _open(self._path)
        except OSError as error:
            raise LockError(f"{self._path} cannot be opened ({error.strerror}): name a directory of its own") from error

    def take(self, *, shared: bool = False) -> bool:
        """Hold it alone, or with others; False while somebody is in the way, or where the file has been replaced."""
        if not _take(self._path, self.descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX):
            return False
        if self.is_there():
            return True
        before, self.descriptor = self.descriptor, _open(self._path)  # where that fails, it keeps the one it has
        os.close(before)  # a lock of a file that is gone keeps nobody out
        return False

    def is_there(self) -> bool:
        """Whether the file that is open here is still the one that others find."""
        try:
            return os.path.samestat(self._path.stat(), os.fstat(self.descriptor))
        except FileNotFoundError:
            return False

    def give_back(self) -> None:
        """Hold it no more."""
        fcntl.flock(self.descriptor, fcntl.LOCK_UN)

    def claim(self, entry: Entry) -> bool:
        """Say this for the first time; False: a command is left that ran beside the one that had the data open."""
        descriptor = _open(self._beside)
        try:
            if not _take(self._beside, descriptor, fcntl.LOCK_EX):
                return False
            self.write(entry)  # before any command can find that it is beside another
            return True
        finally:
            os.close(descriptor)

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Be such a command."""
        descriptor = _open(self._beside)
        try:
            while not _take(self._beside, descriptor, fcntl.LOCK_SH):  # for a moment: claim()
                time.sleep(RETRY)
            yield
        finally:
            os.close(descriptor)

    def read(self) -> Entry | None:
        """What the file says now; None: nobody has ever held it alone."""
        try:
            with self._path.open("rb") as file:
                content = file.read(SIZE).strip()  # what is behind an entry would stay there for ever
        except FileNotFoundError:
            return None
        try:
            return msgspec.json.decode(content, type=Entry) if content else None
        except msgspec.DecodeError:
            return UNREADABLE

    def write(self, entry: Entry) -> None:
        """Say this. Nobody but who holds the lock may."""
        os.pwrite(self.descriptor, msgspec.json.encode(entry).ljust(SIZE), 0)
        os.fdatasync(self.descriptor)

    def close(self) -> None:
        """Hold it no more, unless another process has it from this one."""
        os.close(self.descriptor)


@contextmanager
def shared(data: str, *, command: bool = True) -> Iterator[None]:
    """Let this process have the data open beside others that do not stand by; a command, on the active one's host too.

    Raises LockError.
    """
    with closing(Lock(data)) as lock:
        turn = Turn(socket.gethostname())
        end = time.monotonic() + PATIENCE
        while True:
            if lock.take(shared=True):
                if _may_open(lock, turn):
                    yield
                    return
                lock.give_back()
            else:
                holder = lock.read()
                if holder is not None and not holder.released:
                    break
                if time.monotonic() > end:
                    raise LockError(f"another process is just opening {data}: try again in a moment")
            time.sleep(RETRY)
        if holder.name != socket.gethostname() or not command:
            raise LockError(_refusal(holder, command))
        with lock.beside():
            found = lock.read()
            if lock.take(shared=True) or found is None or found.id != holder.id:
                raise LockError("whoever had this data open has just let go of it: try again in a moment")
            yield


def _may_open(lock: Lock, turn: Turn) -> bool:
    """Whether a lock that was given can be believed; False: not yet. Raises LockError."""
    entry = lock.read()
    verdict = turn.given(entry, time.monotonic())
    if verdict is Verdict.UNSAFE and entry is not None:
        raise unsafe(entry)
    if verdict is Verdict.OPEN and entry is not None and not entry.released:
        lock.write(msgspec.structs.replace(entry, released=True))  # so that the next need not wait
    return verdict is Verdict.OPEN


def unsafe(entry: Entry) -> LockError:
    """What is said where the lock keeps nobody out."""
    return LockError(
        f"{entry.name} has this data open, and the file system let this host lock it all the same: {_MEND}"
    )


def _refusal(holder: Entry, command: bool) -> str:
    if command:
        return f"{holder.name} has this data open: run it there, as in `kubectl exec {holder.name} -- wharf ...`"
    return f"{holder.name} has this data open: start this one with --standby too, or end that one first"


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)


def _take(path: Path, descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL):
            raise
        raise LockError(
            f"{path} cannot be locked ({error.strerror}): put the data on a file system that has locks"
        ) from error
    return True
