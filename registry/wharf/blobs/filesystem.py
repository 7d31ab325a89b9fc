"""The blob store on a file system.

Rule: see blobs/interface.py. The event loop never hashes, and never waits for the disk: bytes are handed to threads in
large buffers, two an upload, so memory does not grow with the size of a blob. Content appears by rename, whole; it is
durable when flush() says so.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from wharf import clock as wall
from wharf.blobs import disk
from wharf.blobs.durability import Flusher
from wharf.blobs.interface import (
    DigestMismatchError,
    InvalidDigestError,
    NoSpaceError,
    OffsetError,
    StoreUnavailableError,
    Upload,
    UploadBusyError,
    UploadUnknownError,
    Usage,
)
from wharf.blobs.listing import Stored
from wharf.blobs.paths import Layout, digest_of, split
from wharf.blobs.proofs import Proofs
from wharf.blobs.reader import FileReader
from wharf.blobs.receiver import receive
from wharf.blobs.room import Room
from wharf.blobs.session import HashState, Session
from wharf.blobs.sessions import Sessions
from wharf.blobs.usage import Meter
from wharf.threads import ended

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from wharf.clock import Clock

T = TypeVar("T")

KEPT_HASHES = 1024
"""Most sessions whose hash is carried between requests; the one unused longest is hashed again at its end."""

BUSY_WAIT = 2.0
"""Seconds that a request waits for the one before it to leave the session: its connection may just have broken."""

RESERVE = 32 << 20
"""Bytes that uploads leave free, so that the index can still record deletions when the disk is full."""


class FileBlobStore:
    """A BlobStore (blobs/interface.py) below the directory `root`. Call open() before use, and close() after."""

    def __init__(self, root: str | Path, *, clock: Clock = wall.now, reserve: int = RESERVE) -> None:
        self._layout = Layout(root)
        self._clock = clock
        self._reserve = reserve
        self.room = Room(self._layout)
        self.proofs = Proofs(self._layout)
        self._hashes: OrderedDict[str, HashState] = OrderedDict()
        self._sessions = Sessions(self._layout)
        self._flusher = Flusher(self._layout)
        self._meter = Meter(self._layout.root, clock)
        self._pool = ThreadPoolExecutor(max(8, (os.cpu_count() or 1) + 2), thread_name_prefix="wharf-blobs")
        self._hashing = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="wharf-hashing")
        # What may take seconds: hashing again, listing, measuring. Uploads and pulls do not queue behind it.
        self._slow = ThreadPoolExecutor(2, thread_name_prefix="wharf-blobs-slow")

    def open(self) -> None:
        """Make the directories. Raises StoreUnavailableError, NoSpaceError."""
        try:
            with disk.translated():
                disk.make_directory(self._layout.blobs)
            self._sessions.open()
        except FileNotFoundError as error:
            raise StoreUnavailableError(f"no directory can be made at {self._layout.root}: choose another") from error

    def close(self) -> None:
        """Finish what threads still do."""
        self._pool.shutdown()
        self._hashing.shutdown()
        self._slow.shutdown()
        self._flusher.close()
        self.proofs.close()

    async def start_upload(self, repository: str, algorithm: str = "sha256") -> Upload:
        """See BlobStore."""
        state = HashState.empty(algorithm)
        upload_id = uuid.uuid4().hex
        self._sessions.create(repository, upload_id)
        self._keep(upload_id, state)
        return Upload(upload_id, repository, 0)

    async def get_upload(self, repository: str, upload_id: str) -> Upload:
        """See BlobStore."""
        try:
            with disk.translated():
                size = self._layout.upload(repository, upload_id).stat().st_size
        except FileNotFoundError:
            raise UploadUnknownError("no such upload session: start a new one") from None
        return Upload(upload_id, repository, size)

    async def append(self, upload: Upload, offset: int | None, chunks: AsyncIterator[bytes]) -> Upload:
        """See BlobStore."""
        with await self.open_session(upload) as session:
            if offset is not None and offset != session.offset:
                self._keep(upload.id, session.state)
                raise OffsetError(session.offset)
            try:
                await receive(session, chunks, self._pool)
            except NoSpaceError:
                session.remove()
                raise
            finally:
                self._keep(upload.id, session.state)
            return Upload(upload.id, upload.repository, session.offset)

    async def open_session(self, upload: Upload) -> Session:
        """The session, for adding bytes to it directly. Close it soon. Raises UploadUnknownError, UploadBusyError."""
        path = self._layout.upload(upload.repository, upload.id)
        reserve = self.room.reserve(self._reserve)
        deadline = asyncio.get_running_loop().time() + BUSY_WAIT
        while True:
            try:
                session = Session(path, reserve, self._hashing)
            except UploadBusyError:
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(0.05)
            else:
                session.carry_on(self._hashes.pop(upload.id, None))
                return session

    async def finish(self, upload: Upload, digest: str) -> int:
        """See BlobStore."""
        algorithm, _ = split(digest)
        with await self.open_session(upload) as session:
            if session.must_hash_again(algorithm):
                await self._in_thread(self._slow, session.digest, algorithm)
            return await self._in_thread(self._pool, self._finish, session, algorithm, digest)

    async def cancel(self, upload: Upload) -> None:
        """See BlobStore."""
        with await self.open_session(upload) as session:
            session.remove()

    async def expire_uploads(self, before: float) -> int:
        """See BlobStore."""
        return await self._in_thread(self._slow, self._sessions.expire, before)

    async def uploading(self, repositories: Sequence[str], since: float) -> set[str]:
        """See Listing."""
        return await self._in_thread(self._slow, self._sessions.uploading, repositories, since)

    async def stat(self, digest: str) -> int | None:
        """See BlobStore."""
        try:
            with disk.translated():
                return self._layout.blob(digest).stat().st_size
        except FileNotFoundError:
            return None

    def path(self, digest: str) -> str | None:
        """See BlobStore."""
        path = self._layout.blob(digest)
        return str(path) if path.is_file() else None

    async def read(self, digest: str, start: int, length: int) -> AsyncIterator[bytes]:
        """See BlobStore."""
        return FileReader(self._layout.blob(digest), start, length, self._pool)

    async def flush(self, digests: Sequence[str]) -> Sequence[str]:
        """See BlobStore."""
        return await self._flusher.flush(digests)

    async def refused(self, since: float) -> bool:
        """See Listing."""
        return await self._in_thread(self._slow, self._sessions.refused, since)

    async def delete(self, digest: str, before: float | None = None) -> int:
        """See BlobStore."""
        return await self._in_thread(self._slow, self._delete, self._layout.blob(digest), before)

    async def listing(self) -> AsyncIterator[Sequence[Stored]]:
        """See Listing."""
        for directory in await self._in_thread(self._slow, lambda: sorted(self._layout.blobs.glob("*/*"))):
            yield await self._in_thread(self._slow, _contents, directory)

    async def usage(self) -> Usage:
        """See BlobStore."""
        return await self._in_thread(self._slow, self._meter.usage)

    def _finish(self, session: Session, algorithm: str, digest: str) -> int:
        found = session.digest(algorithm)
        if found != digest:
            session.remove()
            raise DigestMismatchError(f"the upload has the digest {found}, not {digest}: push the content again")
        path = self._layout.blob(digest)
        with disk.translated():
            # What a rename replaces may be durable and in use: after a power cut there must be the one or the other.
            known = path.exists()
            if known:
                session.sync()
            else:
                disk.make_directory(path.parent)
            with disk.locked(self._layout.lock, exclusive=False):
                session.seal(self._clock)
                session.rename(path)
                self.proofs.add(path.stat())
        if not known:
            self._meter.add(session.offset)
        return session.offset

    def _delete(self, path: Path, before: float | None) -> int:
        # Exclusive: between looking at the time and removing, nobody may store the same content again.
        with disk.translated(), disk.locked(self._layout.lock, exclusive=True):
            try:
                status = path.stat()
                if before is not None and status.st_mtime > before:
                    return 0
                path.unlink()
            except FileNotFoundError:
                return 0
        self._meter.add(-status.st_size)
        return status.st_size

    def _keep(self, upload_id: str, state: HashState | None) -> None:
        if state is None:
            return
        self._hashes[upload_id] = state
        if len(self._hashes) > KEPT_HASHES:
            self._hashes.popitem(last=False)

    async def _in_thread(self, pool: ThreadPoolExecutor, function: Callable[..., T], *arguments: object) -> T:
        """Run to its end in a thread, also when the caller leaves: a session must not be closed under it."""
        return await ended(asyncio.get_running_loop().run_in_executor(pool, function, *arguments))


def _contents(directory: Path) -> list[Stored]:
    """What one directory of content holds."""
    found: list[Stored] = []
    if not directory.is_dir():
        return found
    with disk.translated(), os.scandir(directory) as entries:
        for entry in entries:
            with suppress(FileNotFoundError, InvalidDigestError):
                status = entry.stat(follow_symlinks=False)
                found.append(Stored(digest_of(directory / entry.name), status.st_size, status.st_mtime))
    return found
