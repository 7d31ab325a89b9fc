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

from wharf.blobs import direct, disk
from wharf.blobs.direct import Direct
from wharf.blobs.interface import NoSpaceError, UploadBusyError, UploadUnknownError
from wharf.blobs.paths import REFUSED
from wharf.protocol import digests

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor, Future
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

    def update(self, pieces: Sequence[bytes | memoryview]) -> None:
        """Go on with these bytes."""
        for piece in pieces:
            self.hasher.update(piece)
            self.offset += len(piece)


class Session:
    """An open session. Use as a context manager.

    Raises UploadUnknownError when it is gone and UploadBusyError when somebody else has it open. `reserve` bytes of the
    volume are left free. `hashing` has threads in which a large upload is hashed while the disk writes it.
    """

    def __init__(self, path: Path, reserve: int = 0, hashing: Executor | None = None) -> None:
        self._path = path
        self._reserve = reserve
        self._hashing = hashing
        self._direct: Direct | None = None
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

    def expect(self, size: int) -> None:
        """Be told how many bytes are about to come."""
        worth = size >= direct.LEAST and self.offset % direct.ALIGNMENT == 0
        if worth and self._hashing is not None and self._direct is None:
            self._direct = Direct(self._path)

    def close(self) -> None:
        """Let others have the session. Waits for a write that is under way."""
        with self._guard:
            if self._direct is not None:
                self._direct.close()
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
            size = sum(len(piece) for piece in pieces)
            past = self._past(size)
            state, self.state = self.state, None  # a hash of bytes that are not in the file is none
            hashed = self._hash_aside(state, pieces) if past is not None and past.usable else None
            try:
                self._write_or_not(pieces, size, past)
            except NoSpaceError:
                note_refusal(self._path.parents[1])
                raise
            finally:
                if hashed is not None:
                    hashed.result()  # the pieces are the caller's again
            if hashed is None and state is not None:
                state.update(pieces)
            self.state = state
            self.offset += size
            if self.offset - self._written_out >= WRITE_OUT:
                disk.start_writing(self._descriptor, self._written_out, self.offset - self._written_out)
                self._written_out = self.offset

    def _past(self, size: int) -> Direct | None:
        """What writes so many bytes past the page cache, where that is worth it."""
        if self._direct is None and self.offset >= direct.LEAST:  # large, though nobody said so
            self.expect(self.offset)
        return self._direct if size > direct.SMALL else None

    def _hash_aside(self, state: HashState | None, pieces: Sequence[bytes | memoryview]) -> Future[None] | None:
        """Hash in another thread, while the disk is waited for."""
        if self._hashing is None or state is None:
            return None
        return self._hashing.submit(state.update, pieces)

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

    def _write_or_not(self, pieces: Sequence[bytes | memoryview], size: int, past: Direct | None) -> None:
        """Write all, or leave the file as it was."""
        with disk.translated():
            self._require_room(size)
            try:
                self._write_all(pieces, past)
            except OSError:
                with suppress(OSError):  # the first error is the one to tell
                    os.ftruncate(self._descriptor, self.offset)
                raise

    def _require_room(self, size: int) -> None:
        if self._reserve and disk.space(self._descriptor)[1] - size < self._reserve:
            raise NoSpaceError(
                f"less than {self._reserve >> 20} MiB would be left on the volume: free space or grow it, then push"
            )

    def _write_all(self, pieces: Sequence[bytes | memoryview], past: Direct | None) -> None:
        written = 0 if past is None else past.write(pieces, self.offset)
        left = direct.after(pieces, written)
        while left:
            count = os.pwritev(self._descriptor, left, self.offset + written)
            written += count
            left = direct.after(left, count)

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
