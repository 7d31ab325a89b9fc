"""The whole layout on disk, drawn once. No I/O here.

    <data>/
        index.db, index.db-wal, index.db-shm    the index (metadata/)
        index.db.lock                           held while the index is created or migrated
        index.db.next, index.db.turn            the order of writers (metadata/turns.py)
        index.db.restoring, blobs/restoring     what a restore is at (backup/restore.py)
        active.lock, beside.lock                held while this data is open (standby/lock.py)
        start.lock                              held while a process opens what is here
        sweep.lock                              held while garbage is removed, or a backup made
        background.lock                         held by the process that does the work for all
        blobs/
            mark                                tells the index of this content from others (witness.py)
            lock                                shared by whoever stores content, exclusive to whoever removes it
            sha256/ab/ab12…                     content, named by its digest; read-only once it is here
            sha512/cd/cd34…
        uploads/
            <repository>/<uuid>                 an upload session: the bytes so far; <repository>: see sessions()
            refused                             its time is when an upload was last refused for want of space
        quarantine/
            sha256-ab12…                        content that was not what its name says (wharf verify --repair)
        damage/
            sha256-cd34…                        empty: a pull could not have this content (inspection.py)

Rule: a digest or a session id becomes part of a path here and nowhere else, and only after its form has been checked.
Everything is on one file system: content moves by rename.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from wharf.blobs.interface import InvalidDigestError, UploadUnknownError
from wharf.protocol import digests

REFUSED = "refused"

_UPLOAD = re.compile(r"[0-9a-f]{32}")


class Layout:
    """Paths below the data directory `root`."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        self.index = self.root / "index.db"
        self.blobs = self.root / "blobs"
        self.lock = self.blobs / "lock"
        self.mark = self.blobs / "mark"
        self.uploads = self.root / "uploads"
        self.refused = self.uploads / REFUSED
        self.quarantine = self.root / "quarantine"
        self.damage = self.root / "damage"
        self.sweeping = self.root / "sweep.lock"
        self.active = self.root / "active.lock"
        self.beside = self.root / "beside.lock"

    def blob(self, digest: str) -> Path:
        """Where the content of `digest` is. Raises InvalidDigestError."""
        algorithm, digits = split(digest)
        return self.blobs / algorithm / digits[:2] / digits

    def upload(self, repository: str, upload_id: str) -> Path:
        """Where a session's bytes are. Raises UploadUnknownError for what cannot be the id of one."""
        if not _UPLOAD.fullmatch(upload_id):
            raise UploadUnknownError("not the id of an upload session: start a new one")
        return self.sessions(repository) / upload_id

    def sessions(self, repository: str) -> Path:
        """The directory of a repository's sessions, so that none can be had through another repository.

        Named by a hash: no name of a repository is too long for it, or contains another.
        """
        return self.uploads / hashlib.sha256(repository.encode()).hexdigest()[:32]


def split(digest: str) -> tuple[str, str]:
    """Algorithm and digits of a digest. Raises InvalidDigestError."""
    algorithm, _, digits = digest.partition(":")
    if not digests.is_supported(digest):
        raise InvalidDigestError("not a digest that is stored here: use sha256:<64 hex digits> or sha512:<128>")
    return algorithm, digits


def digest_of(path: Path) -> str:
    """The digest whose content is at `path`, the inverse of Layout.blob. Raises InvalidDigestError."""
    digest = f"{path.parent.parent.name}:{path.name}"
    split(digest)
    return digest
