"""What the rest of wharf asks of the blob store. No I/O here.

Rule: content is addressed by digest and never changes once stored; a reader never sees a blob half written. The store
knows nothing of repositories. Implementations: files now, S3 later; one contract suite tests both.
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


class OffsetError(BlobError):
    """A chunk does not start where the upload stands. `offset` is where it does, in bytes."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"the upload stands at byte {offset}; send the chunk that starts there")
        self.offset = offset


class DigestMismatchError(BlobError):
    """The uploaded bytes do not have the digest that the client named. The session has ended."""


class NoSpaceError(BlobError):
    """The disk is full. What was stored before is whole; free space or grow the volume, then push again."""


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
    """Blobs by digest, and the upload sessions that make them."""

    async def start_upload(self, repository: str) -> Upload:
        """Begin a session."""

    async def get_upload(self, repository: str, upload_id: str) -> Upload:
        """The session as it stands; UploadUnknownError when this repository has no such session."""

    async def append(self, upload: Upload, offset: int | None, chunks: AsyncIterator[bytes]) -> Upload:
        """Add bytes at `offset` (None: wherever it stands). Raises OffsetError and keeps the session.

        An interrupted stream keeps what arrived. Only one append runs at a time in a session.
        """

    async def finish(self, upload: Upload, digest: str) -> int:
        """Verify and store the content; its size. Ends the session, also when DigestMismatchError is raised."""

    async def cancel(self, upload: Upload) -> None:
        """End the session and drop its bytes."""

    async def expire_uploads(self, older_than: float) -> int:
        """End sessions without a byte for `older_than` seconds; how many."""

    async def stat(self, digest: str) -> int | None:
        """Size in bytes, or None when it is not stored."""

    def path(self, digest: str) -> str | None:
        """A local file that holds the blob, for serving without copying; None where there is none."""

    async def read(self, digest: str, start: int, length: int) -> AsyncIterator[bytes]:
        """The bytes of a range. Raises BlobError when the file is missing or shorter than recorded."""

    async def flush(self, digests: Sequence[str]) -> None:
        """Return when these blobs survive a power cut. Shared among callers that ask at the same time."""

    async def delete(self, digest: str) -> int:
        """Remove content; the bytes freed."""

    async def usage(self) -> Usage:
        """How full it is."""
