"""A copy of the index as it was at one moment, and what such a copy says. Rule: writers are not held up by it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from wharf.metadata.connections import Connections, translated
from wharf.metadata.interface import IndexUnavailableError
from wharf.metadata.settings import MARK

if TYPE_CHECKING:
    from pathlib import Path


def take(index: Path, target: Path) -> None:
    """Copy the index, which others may be using, into one new file. Raises MetadataError."""
    connections = Connections(index)
    try:
        with translated(), closing(_alone(target)) as copy:
            connections.reader().backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # the copy is in WAL mode too, and so more than one file
    finally:
        connections.close()


def blobs(copy: Path) -> list[tuple[str, int]]:
    """Digest and size in bytes of all content that a copy knows, in the order it came. Raises MetadataError."""
    with translated(), closing(_alone(copy)) as connection:
        return list(connection.execute("SELECT digest, size FROM blob ORDER BY id"))


def mark(copy: Path) -> str:
    """The mark (witness.py) that a copy has; empty when it has none. Raises MetadataError."""
    with translated(), closing(_alone(copy)) as connection:
        row = connection.execute("SELECT value FROM setting WHERE name = ?", (MARK,)).fetchone()
    return row[0] if row else ""


def check(copy: Path) -> None:
    """Raises MetadataError unless a copy is a whole index."""
    with translated(), closing(_alone(copy)) as connection:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise IndexUnavailableError(f"the index in the backup is damaged ({found}): use another backup")


def _alone(path: Path) -> sqlite3.Connection:
    """A connection to a file that nobody else uses."""
    return sqlite3.connect(path, isolation_level=None)
