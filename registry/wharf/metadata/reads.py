"""The index's questions, in SQL.

Rule: a question is one statement, so its answer is of one moment; nothing here writes. Names are compared by bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from wharf.metadata.interface import Blob, Descriptor, Manifest

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from wharf.metadata.interface import Readable, ReferrersWanted

_BY_TAG = """SELECT m.digest, m.media_type, m.content FROM repository r
    JOIN tag t ON t.repository_id = r.id JOIN manifest m ON m.id = t.manifest_id WHERE r.name = ? AND t.name = ?"""

_BY_DIGEST = """SELECT m.digest, m.media_type, m.content FROM repository r
    JOIN manifest m ON m.repository_id = r.id WHERE r.name = ? AND m.digest = ?"""

# Nothing but its own time keeps it: neither a tag, nor that of an index or a subject that it belongs to.
_LOOSE = """SELECT m.touched FROM repository r JOIN manifest m ON m.repository_id = r.id
    WHERE r.name = ? AND m.digest = ?
    AND NOT EXISTS (SELECT 1 FROM tag t WHERE t.manifest_id = m.id)
    AND NOT EXISTS (SELECT 1 FROM manifest_child x JOIN manifest p ON p.id = x.manifest_id
        JOIN tag t ON t.manifest_id = p.id WHERE x.digest = m.digest AND p.repository_id = m.repository_id)
    AND NOT EXISTS (SELECT 1 FROM manifest s JOIN tag t ON t.manifest_id = s.id
        WHERE s.repository_id = m.repository_id AND s.digest = m.subject)"""

_EXISTS = "SELECT 1 FROM repository r JOIN manifest m ON m.repository_id = r.id WHERE r.name = ? LIMIT 1"

_TAGS = """SELECT t.name FROM repository r JOIN tag t ON t.repository_id = r.id
    WHERE r.name = ? AND t.name > ? ORDER BY t.name LIMIT ?"""

_REPOSITORIES = """SELECT r.name FROM repository r
    WHERE r.name > ? AND EXISTS (SELECT 1 FROM manifest m WHERE m.repository_id = r.id) ORDER BY r.name LIMIT ?"""

_REFERRERS = """SELECT m.media_type, m.digest, m.size, m.artifact_type, m.annotations FROM repository r
    JOIN manifest m ON m.repository_id = r.id WHERE r.name = ? AND m.subject = ? AND m.subject <> '' AND m.digest > ?
    AND ? IN ('', m.artifact_type) ORDER BY m.digest LIMIT ?"""

_BLOB = """SELECT b.digest, b.size, h.touched, EXISTS (
        SELECT 1 FROM manifest_blob x WHERE x.blob_id = b.id AND x.repository_id = r.id)
    FROM repository r JOIN hold h ON h.repository_id = r.id JOIN blob b ON b.id = h.blob_id
    WHERE r.name = ? AND b.digest = ?"""

_HELD = """SELECT b.id, b.durable FROM repository r JOIN hold h ON h.repository_id = r.id
    JOIN blob b ON b.id = h.blob_id WHERE r.name = ? AND b.digest = ?"""

# The plus keeps the planner from walking all manifests of the repository instead of the few that name the digest.
_AWAITED = """SELECT 1 FROM manifest_child c JOIN manifest m ON m.id = c.manifest_id
    WHERE c.digest = ? AND +m.repository_id = (SELECT id FROM repository WHERE name = ?) LIMIT 1"""

_HOLDERS = """SELECT r.name FROM blob b JOIN hold h ON h.blob_id = b.id JOIN repository r ON r.id = h.repository_id
    WHERE b.digest = ? LIMIT 1000"""


class HeldBlob(NamedTuple):
    """A blob that a repository holds. `backed`: a manifest of the repository names it, so garbage cannot take it."""

    blob: Blob
    touched: float
    backed: bool


class Held(NamedTuple):
    """What putting a manifest must know of a blob."""

    id: int
    durable: bool


def manifest(connection: sqlite3.Connection, repository: str, reference: str) -> Manifest | None:
    """The manifest of a digest, which has a colon, or of a tag, which has none."""
    row = connection.execute(_BY_DIGEST if ":" in reference else _BY_TAG, (repository, reference)).fetchone()
    return None if row is None else Manifest(row[0], row[1], row[2])


def loose(connection: sqlite3.Connection, repository: str, digest: str) -> float | None:
    """When a manifest that no tag keeps was last touched; None for one that a tag keeps, or that is not there."""
    row = connection.execute(_LOOSE, (repository, digest)).fetchone()
    return None if row is None else float(row[0])


def tags(connection: sqlite3.Connection, repository: str, after: str, limit: int) -> list[str] | None:
    """A page of tags; None when the repository has no manifest."""
    names = [row[0] for row in connection.execute(_TAGS, (repository, after, limit))]
    if not names and connection.execute(_EXISTS, (repository,)).fetchone() is None:
        return None
    return names


def repositories(connection: sqlite3.Connection, after: str, limit: int) -> list[str]:
    """A page of repositories that have a manifest."""
    return [row[0] for row in connection.execute(_REPOSITORIES, (after, limit))]


def referrers(
    connection: sqlite3.Connection, repository: str, subject: str, wanted: ReferrersWanted
) -> list[Descriptor]:
    """The manifests whose subject is `subject`. Rows are read one by one: annotations may be megabytes."""
    found: list[Descriptor] = []
    total = 0
    asked = (repository, subject, wanted.after, wanted.artifact_type, wanted.limit)
    for media_type, digest, size, artifact_type, noted in connection.execute(_REFERRERS, asked):
        found.append(Descriptor(media_type, digest, size, artifact_type, annotations_from(noted)))
        total += len(artifact_type) + len(noted)
        if total > wanted.size and len(found) > 1:
            break
    return found


def blob(connection: sqlite3.Connection, repository: str, digest: str) -> HeldBlob | None:
    """The blob, when the repository holds it."""
    row = connection.execute(_BLOB, (repository, digest)).fetchone()
    return None if row is None else HeldBlob(Blob(row[0], row[1]), row[2], bool(row[3]))


def holder(connection: sqlite3.Connection, digest: str, readable: Readable) -> str:
    """A repository that holds the blob and that may be read; empty when there is none among the first thousand."""
    return next((row[0] for row in connection.execute(_HOLDERS, (digest,)) if readable(row[0])), "")


def held(connection: sqlite3.Connection, repository: str, digests: Iterable[str]) -> dict[str, Held]:
    """Those of the digests that the repository holds."""
    found = {}
    for digest in digests:
        row = connection.execute(_HELD, (repository, digest)).fetchone()
        if row is not None:
            found[digest] = Held(row[0], bool(row[1]))
    return found


def awaited(connection: sqlite3.Connection, repository: str, digest: str) -> bool:
    """Whether a manifest of the repository named this digest before there was a blob of it."""
    return connection.execute(_AWAITED, (digest, repository)).fetchone() is not None


def annotations_from(text: str) -> tuple[tuple[str, str], ...]:
    """The annotations of a row."""
    return tuple(msgspec.json.decode(text, type=dict[str, str]).items()) if text else ()


def annotations_to(annotations: tuple[tuple[str, str], ...]) -> str:
    """Annotations as a row keeps them."""
    return msgspec.json.encode(dict(annotations)).decode() if annotations else ""
