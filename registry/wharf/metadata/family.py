"""Which manifests keep which: an index its children, a subject its referrers; and what must happen to them together.

Rule: a change that makes a manifest needed, or no longer needed, touches it and everything below it, in the same
transaction. So whoever looks later sees by a manifest's own time whether its grace period has passed, and a removal
that was decided before the change is found out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

# Only what is there: an index may name thousands of things that are not, and each would cost a look and a write.
_CHILDREN = """SELECT c.digest FROM manifest m JOIN manifest_child x ON x.manifest_id = m.id
    JOIN manifest c ON c.repository_id = m.repository_id AND c.digest = x.digest
    WHERE m.repository_id = ? AND m.digest = ?"""

_REFERRERS = "SELECT digest FROM manifest WHERE repository_id = ? AND subject = ? AND subject <> ''"

# Those of a child that is not there hang on whoever names the child.
_REFERRERS_OF_CHILDREN = """SELECT r.digest FROM manifest m JOIN manifest_child x ON x.manifest_id = m.id
    JOIN manifest r ON r.repository_id = m.repository_id AND r.subject = x.digest AND r.subject <> ''
    WHERE m.repository_id = ? AND m.digest = ?"""

_NEEDED = "UPDATE manifest SET touched = ?, orphaned = 0 WHERE repository_id = ? AND digest = ?"

# What has a tag is an image of its own, whoever else named it.
_ORPHANED = """UPDATE manifest SET touched = ?, orphaned = 1 WHERE repository_id = ? AND digest = ?
    AND NOT EXISTS (SELECT 1 FROM tag t WHERE t.manifest_id = manifest.id)"""

_UNTAGGED = """UPDATE manifest SET touched = ?
    WHERE id = (SELECT manifest_id FROM tag WHERE repository_id = ? AND name = ?)"""


def below(connection: sqlite3.Connection, repository: int, digest: str) -> set[str]:
    """A manifest, and those of its children, its referrers, and theirs, that are there."""
    found = {digest}
    waiting = [digest]
    while waiting:
        each = waiting.pop()
        for question in (_CHILDREN, _REFERRERS, _REFERRERS_OF_CHILDREN):
            for (name,) in connection.execute(question, (repository, each)):
                if name not in found:
                    found.add(name)
                    waiting.append(name)
    return found


def needed(connection: sqlite3.Connection, repository: int, digest: str, now: float) -> None:
    """A manifest was stored: it and all below it are needed, and nobody's orphans."""
    rows = [(now, repository, each) for each in below(connection, repository, digest)]
    connection.executemany(_NEEDED, rows)


def orphaned(connection: sqlite3.Connection, repository: int, digest: str, now: float) -> None:
    """A manifest is about to be deleted: what hung on it is an orphan, and its grace period begins."""
    rows = [(now, repository, each) for each in below(connection, repository, digest) - {digest}]
    connection.executemany(_ORPHANED, rows)


def untagged(connection: sqlite3.Connection, repository: int, tags: Iterable[str], now: float) -> None:
    """Tags are about to leave the manifests that they point at, whose grace period begins."""
    connection.executemany(_UNTAGGED, [(now, repository, tag) for tag in tags])
