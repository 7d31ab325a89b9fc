"""Opens the storage of a registry for one job from the command line, while that registry may be serving.

Rule: a job never creates storage unless it says so: a wrong path is an error, not an empty registry.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wharf import clock as wall
from wharf.blobs.filesystem import FileBlobStore
from wharf.blobs.paths import Layout
from wharf.metadata.sqlite import SqliteIndex

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
    """The storage in the directory `data`. Raises NoStorageError, MetadataError, BlobError."""
    layout = Layout(data)
    if not create and not layout.index.is_file():
        raise NoStorageError(f"{data} holds no registry's data: name its directory with --data or --config")
    blobs = FileBlobStore(data, clock=clock)
    blobs.open()
    try:
        index = SqliteIndex(layout.index, blobs.flush, clock=clock)
        index.open()
        try:
            yield Opened(layout, blobs, index)
        finally:
            index.close()
    finally:
        blobs.close()
