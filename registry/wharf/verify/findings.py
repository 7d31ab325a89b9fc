"""What can be wrong with a registry's storage, and what to do about each.

Rule: a problem is declared here, once, with its remedy. A finding says what it concerns, so that a person can act on it
without knowing how wharf works.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Problem(Enum):
    """Kinds of problems: the name for programs, and the remedy where repair does not help."""

    OTHER_INDEX = (
        "OtherIndex",
        "put the right one back, or push the images again; then, or if this is the one, run `wharf gc --trust-index`",
    )
    DATABASE = ("DatabaseDamaged", "restore the index from a backup, or salvage it with `sqlite3 index.db .recover`")
    MANIFEST_CORRUPT = ("ManifestCorrupt", "push the image again, or delete it")
    REFERENCES = ("ReferencesWrong", "run `wharf verify --repair`")
    BLOB_ABSENT = ("BlobAbsent", "push the images again, or delete them")
    BLOB_CORRUPT = ("BlobCorrupt", "run `wharf verify --repair`, then push the images again, or delete them")
    BLOB_UNREADABLE = ("BlobUnreadable", "look at the volume and its permissions, then verify again")
    SIZE = ("SizeWrong", "run `wharf verify --repair`")
    UNHELD = ("HoldMissing", "run `wharf verify --repair`")
    STRAY = ("StrayFile", "move it out of the data directory: it is not the registry's")

    def __init__(self, code: str, remedy: str) -> None:
        self.code = code
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong. `subject` is a digest or a path, `users` are images that suffer from it.

    `done` says what repair has done; `solved` that nothing is left to do.
    """

    problem: Problem
    subject: str
    message: str
    users: tuple[str, ...] = ()
    done: str = ""
    solved: bool = False


@dataclass(slots=True)
class Tally:
    """How far verification has come. Bytes in `size`."""

    manifests: int = 0
    blobs: int = 0
    size: int = 0
    problems: int = 0
    solved: int = 0
