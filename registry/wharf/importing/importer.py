"""Bringing a volume's repositories into the index and the blob store.

Rule: everything is checked by its digest before it is taken over. What is there already stays as it is, tags above all,
so an import can be broken off and run again, and what was pushed since is not turned back. A manifest that lacks
something is left out and told; the rest comes.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from wharf.blobs.adoption import adopt
from wharf.blobs.filesystem import RESERVE
from wharf.blobs.interface import ContentLostError, DigestMismatchError
from wharf.metadata.interface import Blob, ManifestPut, MissingReferencesError
from wharf.protocol import digests
from wharf.protocol.manifests import SIZE_LIMIT, ManifestError, ParsedManifest, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Sequence
    from pathlib import Path

    from wharf.blobs.adoption import Adopted
    from wharf.blobs.paths import Layout
    from wharf.clock import Clock
    from wharf.importing.volume import Volume
    from wharf.metadata.interface import Index

T = TypeVar("T")

TOGETHER = 64
"""Blobs, or manifests, that are brought in side by side, so that they share commits."""


@dataclass(slots=True)
class Tally:
    """What has come, and what was there. Bytes in `size`."""

    repositories: int = 0
    manifests: int = 0
    tags: int = 0
    linked: int = 0
    copied: int = 0
    size: int = 0
    present: int = 0
    kept_tags: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that could not be taken over, and why."""

    repository: str
    digest: str
    reason: str


@dataclass(frozen=True, slots=True)
class Target:
    """Where it goes."""

    index: Index
    layout: Layout
    clock: Clock


@dataclass(slots=True)
class _Manifest:
    """A manifest of the volume that can be taken over."""

    digest: str
    content: bytes
    parsed: ParsedManifest
    tags: list[str] = field(default_factory=list)


class Importer:
    """Imports one volume. `tally` tells how far it has come; `tell` hears of what is left out."""

    def __init__(self, volume: Volume, target: Target, tell: Callable[[LeftOut], None]) -> None:
        self._volume = volume
        self._index, self._layout, self._clock = target.index, target.layout, target.clock
        self._tell = tell
        self._pool = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="wharf-import")
        self._checked: dict[str, int] = {}  # blobs that many repositories share are read once
        self.tally = Tally()

    async def run(self, names: Sequence[str]) -> None:
        """Import these repositories. Raises MetadataError, BlobError."""
        with self._pool:
            for name in names:
                await self._repository(name)
                self.tally.repositories += 1

    async def _repository(self, name: str) -> None:
        tags = await asyncio.to_thread(self._volume.tags, name)
        listed = await asyncio.to_thread(self._volume.manifests, name)
        layers = await asyncio.to_thread(self._volume.layers, name)
        lost = await self._blobs(name, layers)
        for start in range(0, len(listed), TOGETHER):
            part = listed[start : start + TOGETHER]
            found = await asyncio.to_thread(self._read_all, name, part)
            # What a manifest names and the repository has no link to may be in the volume all the same.
            named = {each for one in found for each in (*one.parsed.blobs, *one.parsed.optional)}
            lost |= await self._blobs(name, sorted(named - set(layers) - set(listed)), tell=False)
            for one in found:
                one.tags = [tag for tag, digest in tags.items() if digest == one.digest]
            await _all([self._manifest(name, one, lost) for one in found])

    def _read_all(self, name: str, listed: Sequence[str]) -> list[_Manifest]:
        """Those of the manifests that can be taken over; of the others it is told why not."""
        found = []
        for digest in listed:
            try:
                found.append(_read(self._volume, digest))
            except ManifestError as error:
                self._leave_out(name, digest, str(error))
        return found

    async def _blobs(self, name: str, wanted: Sequence[str], *, tell: bool = True) -> set[str]:
        """Let a repository hold blobs; those that could not be had."""
        lost: set[str] = set()
        for start in range(0, len(wanted), TOGETHER):
            part = wanted[start : start + TOGETHER]
            reasons = await _all([self._blob(name, digest) for digest in part])
            for digest, reason in zip(part, reasons, strict=True):
                if reason:
                    lost.add(digest)
                    if tell:
                        self._leave_out(name, digest, reason)
        return lost

    async def _blob(self, name: str, digest: str) -> str:
        """Let a repository hold a blob; why it cannot, or empty when it does."""
        if await self._index.get_blob(name, digest) is not None:
            self.tally.present += 1
            return ""
        size = self._checked.get(digest)
        if size is None:
            loop = asyncio.get_running_loop()
            try:
                found = await loop.run_in_executor(self._pool, self._adopt, self._volume.content(digest), digest)
            except (ContentLostError, DigestMismatchError) as error:
                return str(error)
            self._count(found)
            size = self._checked[digest] = found.size
        await self._index.put_blob(name, Blob(digest, size))
        return ""

    def _count(self, found: Adopted) -> None:
        self.tally.linked += found.how == "linked"
        self.tally.copied += found.how == "copied"
        self.tally.size += 0 if found.how == "present" else found.size

    def _adopt(self, source: Path, digest: str) -> Adopted:
        return adopt(self._layout, source, digest, self._clock, reserve=RESERVE)

    async def _manifest(self, name: str, manifest: _Manifest, lost: Collection[str]) -> None:
        if missing := [digest for digest in manifest.parsed.blobs if digest in lost]:
            self._leave_out(name, manifest.digest, f"what it names cannot be had: {', '.join(missing)}")
            return
        tags = await self._new_tags(name, manifest)
        if not tags and await self._index.get_manifest(name, manifest.digest) is not None:
            self.tally.present += 1
            return
        parsed = manifest.parsed
        put = ManifestPut(
            repository=name,
            digest=manifest.digest,
            media_type=parsed.media_type,
            content=manifest.content,
            blobs=parsed.blobs,
            manifests=parsed.manifests,
            subject=parsed.subject,
            artifact_type=parsed.artifact_type,
            annotations=parsed.annotations,
            tags=tuple(tags),
            optional=parsed.optional,
        )
        try:
            await self._index.put_manifest(put, [])
        except MissingReferencesError as error:
            self._leave_out(name, manifest.digest, f"what it names was lost meanwhile: {', '.join(error.digests)}")
            return
        self.tally.manifests += 1
        self.tally.tags += len(tags)

    async def _new_tags(self, name: str, manifest: _Manifest) -> list[str]:
        """Those of its tags that are not there yet. What a tag points at here is newer than the volume."""
        new = []
        for tag in manifest.tags:
            found = await self._index.get_manifest(name, tag)
            if found is None:
                new.append(tag)
            elif found.digest != manifest.digest:
                self.tally.kept_tags += 1
        return new

    def _leave_out(self, name: str, digest: str, reason: str) -> None:
        self.tally.left_out += 1
        self._tell(LeftOut(name, digest, reason))


async def _all(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Do things side by side, all to their end, and raise the first error, if there is one."""
    results = await asyncio.gather(*work, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]


def _read(volume: Volume, digest: str) -> _Manifest:
    """A manifest and what it names. Raises ManifestError."""
    try:
        with volume.content(digest).open("rb") as file:
            content = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise ManifestError(f"the volume does not have the manifest: {error.strerror}") from error
    if len(content) > SIZE_LIMIT:
        raise ManifestError(f"the manifest has more than {SIZE_LIMIT >> 20} MiB")
    if digests.digest_of(content, digests.algorithm_of(digest)) != digest:
        raise ManifestError("the manifest is not what its digest says")
    return _Manifest(digest, content, parse(content, ""))
