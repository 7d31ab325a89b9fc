"""Upload sessions as files: making them, ending those nobody goes on with, and telling which repositories get pushes.

Rule: a repository's sessions are in a directory of its own, whose time the kernel sets whenever a session begins or
ends. So a push shows here from its first session on, and for a while after its last, without a record that could be
torn from the session itself.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from wharf.blobs import disk
from wharf.blobs.interface import StoreUnavailableError, UploadBusyError, UploadUnknownError
from wharf.blobs.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wharf.blobs.paths import Layout

TRIES = 10
"""Times that a session is made, should its directory be removed in between each time."""


class Sessions:
    """The sessions of one layout. Everything here blocks."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def open(self) -> None:
        """Make what is shared by all sessions. Raises StoreUnavailableError, NoSpaceError."""
        with disk.translated():
            disk.make_directory(self._layout.uploads)
            with suppress(FileExistsError):
                os.close(os.open(self._layout.refused, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640))
                os.utime(self._layout.refused, (0, 0))

    def refused(self, since: float) -> bool:
        """Whether an upload was refused for want of space since then."""
        with disk.translated(), suppress(FileNotFoundError):
            return self._layout.refused.stat().st_mtime >= since
        return False

    def create(self, repository: str, upload_id: str) -> None:
        """Make the file of a new session. Raises StoreUnavailableError, NoSpaceError."""
        path = self._layout.upload(repository, upload_id)
        with disk.translated():
            for _ in range(TRIES):
                try:
                    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640))
                except FileNotFoundError:
                    with suppress(FileExistsError):
                        path.parent.mkdir()
                else:
                    return
        raise StoreUnavailableError(f"{path.parent} vanishes as soon as it is made: let nothing else remove it")

    def expire(self, before: float) -> int:
        """End the sessions whose last byte came before then; how many. Directories of none go as well."""
        ended = 0
        for directory in self._entries(self._layout.uploads):
            if not directory.is_dir(follow_symlinks=False):
                continue
            for entry in self._entries(directory.path):
                ended += _expired(entry, before)
            with disk.translated(), suppress(FileNotFoundError):
                _remove_empty(directory, before)
        return ended

    def uploading(self, repositories: Sequence[str], since: float) -> set[str]:
        """Those of the repositories to which a session was begun, went on or ended since then."""
        return {name for name in repositories if self._newest(self._layout.sessions(name)) >= since}

    def _newest(self, directory: os.PathLike[str]) -> float:
        """When something last happened to the sessions in a directory; minus infinity when it is not there."""
        newest = float("-inf")
        with disk.translated(), suppress(FileNotFoundError):
            newest = os.stat(directory).st_mtime  # noqa: PTH116 - as entry.stat() below
            for entry in self._entries(directory):
                with suppress(FileNotFoundError):
                    newest = max(newest, entry.stat(follow_symlinks=False).st_mtime)
        return newest

    @staticmethod
    def _entries(directory: os.PathLike[str] | str) -> list[os.DirEntry[str]]:
        with disk.translated(), suppress(FileNotFoundError), os.scandir(directory) as entries:
            return list(entries)
        return []


def _expired(entry: os.DirEntry[str], before: float) -> bool:
    """End one session, unless somebody is adding to it or it is too young; whether it ended."""
    with disk.translated(), suppress(FileNotFoundError, UploadUnknownError, UploadBusyError):
        if entry.stat(follow_symlinks=False).st_mtime < before:
            with Session(Path(entry.path)) as session:
                session.remove()
            return True
    return False


def _remove_empty(directory: os.DirEntry[str], before: float) -> None:
    # Looked at anew: a session that has just been ended made the directory young, and its time still has to pass.
    if os.stat(directory.path).st_mtime < before:  # noqa: PTH116 - DirEntry.stat() answers from its cache
        with suppress(OSError):  # not empty: a session is in it
            os.rmdir(directory.path)  # noqa: PTH106 - see above
