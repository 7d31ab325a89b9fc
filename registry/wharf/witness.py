"""Tells whether the index is the one that the content was last seen with, or another: a new one, or an older copy.

Rule: index and content carry the same mark, and each look puts a higher number on both, in the index first. So an index
that was lost, or put back from a backup, shows: its mark is not that of the content, or has a lower number. Such an
index is doubted: nothing is removed by what it says, and the mark of the content stays, until the right index is back
or somebody says that this is the right one.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import uuid
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import msgspec

from wharf.blobs import disk
from wharf.blobs.interface import StoreUnavailableError
from wharf.metadata.interface import MetadataError
from wharf.metadata.settings import MARK
from wharf.wording import count

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from wharf.metadata.settings import Settings

TRIES = 1000
RETRY = 0.02
"""Seconds between two tries to get at the content's mark."""

REMEDY = (
    "if it was lost or replaced, put the right index.db back, or push the images again; then, or if this is the right "
    "one, run `wharf gc --trust-index`"
)


class IndexDoubtedError(MetadataError):
    """The index is not the one that the content belongs to. Nothing was removed."""

    def __init__(self, blobs: int) -> None:
        super().__init__(
            f"nothing is removed, for this is not the index that the content was last seen with, or an older copy of "
            f"it, and {count(blobs, 'blob')} that it does not know {'is' if blobs == 1 else 'are'} stored: {REMEDY}"
        )
        self.blobs = blobs


class _Mark(msgspec.Struct, frozen=True):
    id: str
    number: int

    def next(self) -> _Mark:
        return _Mark(self.id, self.number + 1)


class Witness:
    """The marks of one registry's index and content. The latter is in the file `path`."""

    def __init__(self, settings: Settings, path: Path) -> None:
        self._settings = settings
        self._path = path

    async def look(self) -> bool:
        """Compare the marks; True, and both are renewed, unless the index must be doubted.

        Raises MetadataError, BlobError.
        """
        async with self._opened() as descriptor:
            of_content, of_index = _read(descriptor), _decoded((await self._settings.get(MARK)).encode())
            if of_content is not None and not _belongs(of_index, of_content):
                return False
            await self._renew(descriptor, of_index or of_content or _Mark(uuid.uuid4().hex, 0))
        return True

    async def trust(self) -> None:
        """Let this be the right index from now on. Raises MetadataError, BlobError."""
        async with self._opened() as descriptor:
            await self._renew(descriptor, _Mark(uuid.uuid4().hex, 0))

    async def _renew(self, descriptor: int, mark: _Mark) -> None:
        text = msgspec.json.encode(mark.next())
        await self._settings.put({MARK: text.decode()})
        with disk.translated():
            os.pwrite(descriptor, text, 0)  # one sector, and never shorter than before
            os.ftruncate(descriptor, len(text))

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[int]:
        """The file, locked. Others hold it for as long as a commit takes."""
        with disk.translated():
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            for _ in range(TRIES):
                with suppress(BlockingIOError):
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                await asyncio.sleep(RETRY)
            else:
                raise StoreUnavailableError(f"another process does not let go of {self._path.name}: retry")
            yield descriptor
        finally:
            os.close(descriptor)


def _belongs(of_index: _Mark | None, of_content: _Mark) -> bool:
    return of_index is not None and of_index.id == of_content.id and of_index.number >= of_content.number


def _read(descriptor: int) -> _Mark | None:
    with disk.translated():
        return _decoded(os.pread(descriptor, 4096, 0))


def _decoded(text: bytes) -> _Mark | None:
    try:
        return msgspec.json.decode(text, type=_Mark)
    except msgspec.MsgspecError:  # none yet
        return None
