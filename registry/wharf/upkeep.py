"""Opens the storage of a registry for one job from the command line, while that registry may be serving.

Rule: a job never creates storage unless it says so: a wrong path is an error, not an empty registry.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wharf import clock as wall
from wharf.blobs.filesystem import FileBlobStore
from wharf.blobs.paths import Layout
from wharf.metadata.sqlite import SqliteIndex
from wharf.standby.lock import shared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wharf.clock import Clock


class NoStorageError(Exception):
    """There is no registry's data at this path."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The storage of a registry."""

    layout: Layout
    blobs: FileBlobStore
    index: SqliteIndex


@contextmanager
def opened(data: str, *, create: bool = False, clock: Clock = wall.now) -> Iterator[Opened]:
    """The storage in the directory `data`. Raises NoStorageError, LockError, MetadataError, BlobError."""
    layout = Layout(data)
    if not create:
        require_storage(layout)
    with ExitStack() as closing:
        closing.enter_context(shared(data))
        blobs = FileBlobStore(data, clock=clock)
        blobs.open()
        closing.callback(blobs.close)
        index = SqliteIndex(layout.index, blobs.flush, clock=clock)
        index.open()
        closing.callback(index.close)
        yield Opened(layout, blobs, index)


def require_storage(layout: Layout) -> None:
    """Raises NoStorageError where no registry's data is."""
    if not layout.index.is_file():
        raise NoStorageError(f"{layout.root} holds no registry's data: name its directory with --data or --config")
