"""Reading the volume of CNCF Distribution (registry:2, registry:3), as its registry/storage/paths.go lays it out.

    docker/registry/v2/
        blobs/sha256/ab/ab12…/data                               content, manifests too
        repositories/<name>/_manifests/revisions/sha256/…/link   a manifest of the repository
        repositories/<name>/_manifests/tags/<tag>/current/link   a tag
        repositories/<name>/_layers/sha256/…/link                a blob of the repository

Rule: nothing is written here, and no text that is read becomes part of a path before its form has been checked.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from wharf.protocol import digests, references

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACES = ("docker/registry/v2", "v2", ".")
"""Where below the path that is given the volume may begin."""

LINK_LIMIT = 200
"""Bytes that a link can have: a digest."""


class NoVolumeError(Exception):
    """There is no volume of a Distribution registry at this path."""


class Volume:
    """A volume. Raises NoVolumeError. Everything here blocks."""

    def __init__(self, path: str | Path) -> None:
        for place in PLACES:
            root = Path(path) / place
            if (root / "repositories").is_dir() and (root / "blobs").is_dir():
                self._root = root
                return
        raise NoVolumeError(
            f"{path} holds no volume of a Distribution registry: give the directory that is mounted at "
            "/var/lib/registry there"
        )

    def repositories(self) -> list[str]:
        """The names of the repositories, sorted."""
        return sorted(self._walk(self._root / "repositories", ""))

    def manifests(self, repository: str) -> list[str]:
        """The digests of a repository's manifests, sorted; those of tags too."""
        found = set(self._links(repository, "_manifests/revisions")) | set(self.tags(repository).values())
        return sorted(found)

    def tags(self, repository: str) -> dict[str, str]:
        """Tags and the digests that they point at."""
        directory = self._root / "repositories" / repository / "_manifests" / "tags"
        names = sorted(entry.name for entry in _entries(directory) if references.is_tag(entry.name))
        links = {name: _link(directory / name / "current" / "link") for name in names}
        return {name: digest for name, digest in links.items() if digest}

    def layers(self, repository: str) -> list[str]:
        """The digests of a repository's blobs, sorted."""
        return sorted(set(self._links(repository, "_layers")))

    def content(self, digest: str) -> Path:
        """The file with the content of a well-formed digest."""
        algorithm, _, digits = digest.partition(":")
        return self._root / "blobs" / algorithm / digits[:2] / digits / "data"

    def _walk(self, directory: Path, name: str) -> Iterator[str]:
        """Repositories nest: a directory may be one and hold others. What begins with _ is a repository's own."""
        names = [entry.name for entry in _entries(directory) if entry.is_dir(follow_symlinks=False)]
        if "_manifests" in names and references.is_name(name):
            yield name
        for each in names:
            if not each.startswith("_"):
                yield from self._walk(directory / each, f"{name}/{each}" if name else each)

    def _links(self, repository: str, below: str) -> Iterator[str]:
        """Links are at <algorithm>/<digits>/link; what was deleted leaves directories without."""
        for algorithm in _entries(self._root / "repositories" / repository / below):
            for digits in _entries(Path(algorithm.path)):
                if digest := _link(Path(digits.path) / "link"):
                    yield digest


def _entries(directory: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _link(path: Path) -> str:
    """The digest in a link; empty when there is none, or none that can be stored here."""
    try:
        with path.open("rb") as file:
            text = file.read(LINK_LIMIT).decode("ascii", "replace").strip()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    return text if digests.is_supported(text) else ""
