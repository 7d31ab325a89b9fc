"""One upload session while bytes are being added to it: its file, its lock, and the hash so far.

Rule: the hash and the offset tell of exactly the bytes that are in the file. Whoever has the Session open is the only
one in any process who adds to it. The descriptor is never used once closed, whatever thread still has work for it.
"""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wharf.blobs import disk
from wharf.blobs.interface import NoSpaceError, UploadBusyError, UploadUnknownError
from wharf.blobs.paths import REFUSED
from wharf.protocol import digests

if TYPE_CHECKING:
    from collections.abc import Sequence
    from hashlib import _Hash
    from pathlib import Path

    from wharf.clock import Clock

READ_SIZE = 1 << 20
"""Bytes at a time when a file is hashed again."""

WRITE_OUT = 8 << 20
"""Bytes after which the kernel is asked to begin writing them out, rather than when the manifest waits for it."""

MAX_VECTOR = 256
"""Most pieces in one writev; the system's limit is 1024."""


@dataclass(slots=True)
class HashState:
    """The hash of the first `offset` bytes of a session."""

    algorithm: str
    hasher: _Hash
    offset: int

    @classmethod
    def empty(cls, algorithm: str) -> HashState:
        """The hash of nothing yet."""
        return cls(algorithm, digests.hasher(algorithm), 0)


class Session:
    """An open session. Use as a context manager.

    Raises UploadUnknownError when it is gone and UploadBusyError when somebody else has it open. `reserve` bytes of the
    volume are left free.
    """

    def __init__(self, path: Path, reserve: int = 0) -> None:
        self._path = path
        self._reserve = reserve
        self._guard = threading.Lock()
        with disk.translated():
            self._descriptor = _open(path)
        self.offset = os.fstat(self._descriptor).st_size
        self.state: HashState | None = None
        self._written_out = self.offset

    def __enter__(self) -> Session:
        """The session."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def carry_on(self, state: HashState | None) -> None:
        """Go on with a hash, when it tells of all the bytes in the file; otherwise hashing waits for the end."""
        self.state = state if state is not None and state.offset == self.offset else None

    def close(self) -> None:
        """Let others have the session. Waits for a write that is under way."""
        with self._guard:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1

    def write(self, pieces: Sequence[bytes | memoryview]) -> None:
        """Add bytes. Raises NoSpaceError, and then the file holds what it held before."""
        if len(pieces) > MAX_VECTOR:
            pieces = [b"".join(pieces)]
        with self._guard:
            if self._descriptor < 0:
                raise UploadUnknownError("the upload session was closed: ask where it stands, and go on from there")
            try:
                self._write_or_not(pieces)
            except NoSpaceError:
                note_refusal(self._path.parents[1])
                raise
            for piece in pieces:
                if self.state is not None:
                    self.state.hasher.update(piece)
                    self.state.offset += len(piece)
                self.offset += len(piece)
            if self.offset - self._written_out >= WRITE_OUT:
                disk.start_writing(self._descriptor, self._written_out, self.offset - self._written_out)
                self._written_out = self.offset

    def must_hash_again(self, algorithm: str) -> bool:
        """Whether digest() will have to read all the bytes."""
        return self.state is None or self.state.algorithm != algorithm

    def digest(self, algorithm: str) -> str:
        """The digest of all the bytes, read again unless the hash has been kept."""
        if self.state is None or self.must_hash_again(algorithm):
            self.state = self._hash_again(algorithm)
        return f"{algorithm}:{self.state.hasher.hexdigest()}"

    def seal(self, clock: Clock) -> None:
        """Mark the file as content: read-only, and stored now rather than when its last byte came."""
        now = clock()
        with self._guard, disk.translated():
            os.utime(self._descriptor, (now, now))
            os.fchmod(self._descriptor, 0o440)

    def sync(self) -> None:
        """Return when the bytes survive a power cut."""
        with self._guard, disk.translated():
            os.fsync(self._descriptor)

    def rename(self, path: Path) -> None:
        """End the session, and let its file be what is at `path` from now on."""
        with disk.translated():
            self._path.rename(path)

    def remove(self) -> None:
        """End the session and drop its bytes."""
        with suppress(FileNotFoundError), disk.translated():
            self._path.unlink()

    def _write_or_not(self, pieces: Sequence[bytes | memoryview]) -> None:
        """Write all, or leave the file as it was."""
        with disk.translated():
            self._require_room(sum(len(piece) for piece in pieces))
            try:
                self._write_all(pieces)
            except OSError:
                with suppress(OSError):  # the first error is the one to tell
                    os.ftruncate(self._descriptor, self.offset)
                raise

    def _require_room(self, size: int) -> None:
        if self._reserve and disk.space(self._path.parent)[1] - size < self._reserve:
            raise NoSpaceError(
                f"less than {self._reserve >> 20} MiB would be left on the volume: free space or grow it, then push"
            )

    def _write_all(self, pieces: Sequence[bytes | memoryview]) -> None:
        position = self.offset
        left = [memoryview(piece) for piece in pieces if len(piece)]
        while left:
            written = os.pwritev(self._descriptor, left, position)
            position += written
            while left and written >= len(left[0]):
                written -= len(left.pop(0))
            if written:
                left[0] = left[0][written:]

    def _hash_again(self, algorithm: str) -> HashState:
        state = HashState.empty(algorithm)
        with self._guard, disk.translated():
            while piece := os.pread(self._descriptor, READ_SIZE, state.offset):
                state.hasher.update(piece)
                state.offset += len(piece)
        return state


def note_refusal(uploads: Path) -> None:
    """Note that an upload was refused for want of space. The file is there, so this needs none."""
    with suppress(OSError):  # only a hint to the collector
        os.utime(uploads / REFUSED)


def _open(path: Path) -> int:
    """Open and lock a session's file."""
    gone = "no such upload session: start a new one"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        raise UploadUnknownError(gone) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise UploadBusyError("another request is adding to this upload: wait for it to end") from None
    if not path.exists():  # it ended between opening and locking
        os.close(descriptor)
        raise UploadUnknownError(gone)
    return descriptor
