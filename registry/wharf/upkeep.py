"""Opens the storage of a registry for one job from the command line, while that registry may be serving.

Rule: a job never creates storage: a wrong path is an error, not an empty registry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wharf import clock
from wharf.blobs.filesystem import FileBlobStore
from wharf.blobs.paths import Layout
from wharf.garbage.sweep import sweep
from wharf.metadata.sqlite import SqliteIndex
from wharf.metadata.sqlite_inventory import SqliteInventory

if TYPE_CHECKING:
    from collections.abc import Callable

    from wharf.garbage.plan import Decision
    from wharf.garbage.sweep import Report


class NoStorageError(Exception):
    """There is no registry's data at this path."""


async def collect(data: str, grace: float, listen: Callable[[Decision], None], *, dry_run: bool) -> Report:
    """Remove the garbage in the directory `data`; `listen` hears every decision. Raises NoStorageError."""
    layout = Layout(data)
    if not layout.index.is_file():
        raise NoStorageError(f"{data} holds no registry's data: name its directory with --data or --config")
    blobs = FileBlobStore(data)
    blobs.open()
    try:
        index = SqliteIndex(layout.index, blobs.flush)
        index.open()
        try:
            inventory = SqliteInventory(index)
            return await sweep(inventory, blobs, grace=grace, clock=clock.now, listen=listen, dry_run=dry_run)
        finally:
            index.close()
    finally:
        blobs.close()
