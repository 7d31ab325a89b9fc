"""What the rest of wharf asks of the blob store. No I/O here.

Rule: content is addressed by digest and never changes once stored; a reader never sees a blob half written. The store
knows nothing of repositories. Implementations: files now, S3 later; one contract suite tests both.

The errors: BlobError
    UploadUnknownError     the client's to mend: start a new upload
    UploadBusyError        the client's to mend: one request at a time in a session
    OffsetError            the client's to mend: send the chunk that is due
    DigestMismatchError    the client's to mend: the bytes are not what it said
    InvalidDigestError     the client's to mend: not a digest that is stored here
    NoSpaceError           the operator's to mend: the disk is full
    StoreUnavailableError  the operator's to mend: the disk refuses (read-only, I/O error)
    ContentLostError       the operator's to mend: the disk lost or shortened what it held
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


class BlobError(Exception):
    """Base of what a blob store raises for a caller to tell apart."""


class UploadUnknownError(BlobError):
    """No such upload session: it never was, has ended, or has expired."""


class UploadBusyError(BlobError):
    """Another request is adding to this session. Wait for it to end, then ask where the session stands."""


class InvalidDigestError(BlobError):
    """Not a well-formed digest of an algorithm that is stored here (sha256, sha512)."""


class ContentLostError(BlobError):
    """The file of a blob is missing, unreadable or of another size than recorded. Push the blob again."""


class OffsetError(BlobError):
    """A chunk does not start where the upload stands. `offset` is where it does, in bytes."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"the upload stands at byte {offset}; send the chunk that starts there")
        self.offset = offset


class DigestMismatchError(BlobError):
    """The uploaded bytes do not have the digest that the client named. The session has ended."""


class NoSpaceError(BlobError):
    """The disk is full. What was stored before is whole; free space or grow the volume, then push again."""


class StoreUnavailableError(BlobError):
    """The disk refuses to be written or read. The message has its reason; look at the volume, then retry."""


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload session. `offset` is the number of bytes received."""

    id: str
    repository: str
    offset: int


@dataclass(frozen=True, slots=True)
class Usage:
    """Bytes: stored by us, size of the file system, and free for us."""

    used: int
    capacity: int
    available: int


class BlobStore(Protocol):
    """Blobs by digest, and the upload sessions that make them.

    A session belongs to its repository, survives a restart, and may go on in another process.
    """

    async def start_upload(self, repository: str, algorithm: str = "sha256") -> Upload:
        """Begin a session. `algorithm` is what the digest will probably be of, so that it is computed meanwhile."""

    async def get_upload(self, repository: str, upload_id: str) -> Upload:
        """The session as it stands; UploadUnknownError when this repository has no such session."""

    async def append(self, upload: Upload, offset: int | None, chunks: AsyncIterator[bytes]) -> Upload:
        """Add bytes at `offset` (None: wherever it stands). Raises OffsetError and keeps the session.

        An interrupted stream keeps what arrived. Only one append runs at a time in a session (UploadBusyError).
        NoSpaceError ends the session: what it holds is room that others need.
        """

    async def finish(self, upload: Upload, digest: str) -> int:
        """Verify and store the content; its size. Ends the session, also when DigestMismatchError is raised."""

    async def cancel(self, upload: Upload) -> None:
        """End the session and drop its bytes."""

    async def expire_uploads(self, before: float) -> int:
        """End the sessions whose last byte came before then (Unix seconds); how many."""

    async def stat(self, digest: str) -> int | None:
        """Size in bytes, or None when it is not stored."""

    def path(self, digest: str) -> str | None:
        """A local file that holds the blob, for serving without copying; None where there is none."""

    async def read(self, digest: str, start: int, length: int) -> AsyncIterator[bytes]:
        """The bytes of a range. Raises ContentLostError when the file is missing or too short."""

    async def flush(self, digests: Sequence[str]) -> Sequence[str]:
        """Return when these blobs survive a power cut; those of them that are not stored.

        Shared among callers that ask at the same time; what is known to be durable costs nothing.
        """

    async def delete(self, digest: str, before: float | None = None) -> int:
        """Remove content, unless it was stored (again) after `before`, in Unix seconds; the bytes freed."""

    async def usage(self) -> Usage:
        """How full it is."""
