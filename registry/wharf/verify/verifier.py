"""Verification, and repair of what can be repaired without guessing, while the registry serves.

Rule: what looks wrong is looked at again before it is called wrong, for pushes and sweeps go on. Repair never deletes
content: it sets aside, and lets the index forget, so that the next push of the content mends it.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from wharf.blobs import inspection
from wharf.blobs.inspection import State
from wharf.verify.findings import Finding, Problem, Tally
from wharf.verify.references import difference, named

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from wharf.blobs.inspection import Inspected
    from wharf.blobs.paths import Layout
    from wharf.metadata.audit import Audit, Audited
    from wharf.metadata.doubts import Doubts
    from wharf.metadata.interface import Blob
    from wharf.witness import Witness

PAGE = 200
"""Blobs that are asked for, and hashed, at a time."""

MANIFESTS_PAGE = 20
"""Manifests that are in memory at a time, each of 4 MiB at most."""

USERS_NAMED = 10
"""Most images that a finding names."""

PROBLEMS = {
    State.CORRUPT: Problem.BLOB_CORRUPT,
    State.ABSENT: Problem.BLOB_ABSENT,
    State.UNREADABLE: Problem.BLOB_UNREADABLE,
}
"""What is wrong with content that is not whole."""


@dataclass(frozen=True, slots=True)
class Storage:
    """What is verified."""

    audit: Audit
    doubts: Doubts
    layout: Layout
    witness: Witness


async def users(audit: Audit, digest: str) -> tuple[str, ...]:
    """Images that name a blob, a few of them. Raises MetadataError."""
    found = await audit.users(digest, USERS_NAMED)
    return tuple(f"{one.repository}{f':{one.tag}' if one.tag else f'@{one.manifest}'}" for one in found)


class Verifier:
    """Verifies one registry, once. `tally` tells how far it has come."""

    def __init__(self, storage: Storage, *, repair: bool = False) -> None:
        self._audit, self._doubts, self._layout = storage.audit, storage.doubts, storage.layout
        self._witness = storage.witness
        self._repair = repair
        self.tally = Tally()

    async def run(self) -> AsyncIterator[Finding]:
        """Everything that is wrong, in a stable order. Raises MetadataError, BlobError."""
        if not await self._witness.look():
            message = "it is not the index that the content was last seen with, or an older copy of it"
            yield self._count(Finding(Problem.OTHER_INDEX, "index.db", message))
        for line in await self._audit.unsound():
            yield self._count(Finding(Problem.DATABASE, "index.db", line))
        async for finding in self._manifests():
            yield self._count(finding)
        async for finding in self._blobs():
            yield self._count(finding)
        for path in await asyncio.to_thread(lambda: list(inspection.strays(self._layout))):
            yield self._count(Finding(Problem.STRAY, str(path), "a file among the content that is no content"))

    def _count(self, finding: Finding) -> Finding:
        self.tally.problems += 1
        self.tally.solved += finding.solved
        return finding

    async def _manifests(self) -> AsyncIterator[Finding]:
        after = 0
        while page := await self._audit.manifests(after, MANIFESTS_PAGE):
            after = page[-1].id
            for manifest in page:
                finding = await self._manifest(manifest)
                self.tally.manifests += 1
                if finding is not None:
                    yield finding

    async def _manifest(self, manifest: Audited) -> Finding | None:
        where = f"{manifest.repository}@{manifest.digest}"
        expected = named(manifest)
        if expected is None:
            message = "the manifest in the index is not what its digest says"
            return Finding(Problem.MANIFEST_CORRUPT, manifest.digest, message, (where,))
        message = difference(manifest, expected)
        if not message:
            return None
        finding = Finding(Problem.REFERENCES, manifest.digest, message, (where,))
        if self._repair and await self._audit.renew(manifest, expected.blobs, expected.others):
            return replace(finding, done="noted anew", solved=True)
        return finding

    async def _blobs(self) -> AsyncIterator[Finding]:
        """Hash all content, several blobs at a time, and tell of them in order."""
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="wharf-verify") as pool:
            after = ""
            while page := await self._audit.blobs(after, PAGE):
                after = page[-1].digest
                running = [loop.run_in_executor(pool, inspection.inspect, self._layout, each.digest) for each in page]
                for blob, future in zip(page, running, strict=True):
                    for finding in await self.blob(blob, await future):
                        yield finding
                    self.tally.blobs += 1
                    self.tally.size += blob.size

    async def blob(self, blob: Blob, found: Inspected) -> Sequence[Finding]:
        """What is wrong with a blob, of which this was found. Raises MetadataError, BlobError."""
        if found.state is State.WHOLE:
            return [*await self._size(blob, found), *await self._holds(blob)]
        # It may have been removed, or pushed again, while it was looked at.
        if not await self._audit.knows(blob.digest):
            return []
        again = await asyncio.to_thread(inspection.inspect, self._layout, blob.digest)
        if again.state is State.WHOLE:
            return []
        return [await self._damage(blob, again)]

    async def _damage(self, blob: Blob, found: Inspected) -> Finding:
        images = await users(self._audit, blob.digest)
        if found.state is State.UNREADABLE:
            return Finding(Problem.BLOB_UNREADABLE, blob.digest, f"cannot be read: {found.message}", images)
        if found.state is State.ABSENT:
            finding = Finding(Problem.BLOB_ABSENT, blob.digest, "the index knows it, and its file is gone", images)
        else:
            message = f"its {found.size} bytes are not what the digest says; {blob.size} were recorded"
            finding = Finding(Problem.BLOB_CORRUPT, blob.digest, message, images)
        return await self._forget(blob, found, finding) if self._repair else finding

    async def _forget(self, blob: Blob, found: Inspected, finding: Finding) -> Finding:
        """Let a client that pushes the content again be asked for it, rather than be told that it is here."""
        aside = found.state is State.CORRUPT
        if aside and not await asyncio.to_thread(inspection.set_aside, self._layout, found):
            return finding
        await self._doubts.lost([blob.digest])
        done = f"set aside in {self._layout.quarantine}, and forgotten" if aside else "forgotten"
        return replace(finding, done=done, solved=not finding.users)  # images are broken until the content comes again

    async def _size(self, blob: Blob, found: Inspected) -> Sequence[Finding]:
        if found.size == blob.size:
            return []
        message = f"{blob.size} bytes were recorded, and it has {found.size}"
        finding = Finding(Problem.SIZE, blob.digest, message)
        if self._repair and await self._audit.resize(blob, found.size):
            return [replace(finding, done="recorded anew", solved=True)]
        return [finding]

    async def _holds(self, blob: Blob) -> Sequence[Finding]:
        findings = []
        for repository in await self._audit.unheld(blob.digest):
            message = f"a manifest of {repository} names it, and the repository does not hold it"
            finding = Finding(Problem.UNHELD, blob.digest, message, (repository,))
            if self._repair and await self._audit.hold(repository, blob.digest):
                finding = replace(finding, done="held again", solved=True)
            findings.append(finding)
        return findings
