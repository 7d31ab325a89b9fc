"""Carrying out the plan while pushes and pulls go on.

Rule: the index forgets first, in transactions that check the plan again; only then is content deleted, and only when
nobody has stored it again since. A crash in between leaves content that the index does not know, which a later sweep
takes. A dry run makes the same decisions and changes nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from wharf.blobs.listing import Listing
from wharf.garbage import contents, manifests
from wharf.garbage.plan import Decision, Kind, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from wharf.garbage.plan import Horizon
    from wharf.metadata.deletions import Deletions
    from wharf.metadata.inventory import Content, Inventory, StoredManifest

PAGE = 500
"""Rows that are looked at, and forgotten, in one transaction: bounds how long pushes wait for it."""


class Store(Listing, Protocol):
    """What a sweep asks of the blob store."""

    async def delete(self, digest: str, before: float | None = None) -> int:
        """See BlobStore."""

    async def expire_uploads(self, before: float) -> int:
        """See BlobStore."""


@dataclass(frozen=True, slots=True)
class Storage:
    """What is swept."""

    inventory: Inventory
    deletions: Deletions
    store: Store


@dataclass(slots=True)
class Report:
    """What a sweep did, or in a dry run would do. Bytes of content in `freed`; `uploads` are sessions that ended.

    `doubted`, in a dry run: blobs for whose sake nothing would be removed (witness.py).
    """

    manifests_kept: int = 0
    manifests_deleted: int = 0
    blobs_kept: int = 0
    blobs_deleted: int = 0
    uploads: int = 0
    freed: int = 0
    doubted: int = 0


def ignore(_: Decision) -> None:
    """Listens to no decision."""


async def count_unknown(storage: Storage) -> int:
    """How many blobs are stored that the index does not know."""
    unknown = 0
    async for listed in storage.store.listing():
        unknown += len(await storage.inventory.unknown([each.digest for each in listed]))
    return unknown


async def sweep(
    storage: Storage,
    horizon: Horizon,
    *,
    uploads_before: float,
    listen: Callable[[Decision], None] = ignore,
    dry_run: bool = False,
) -> Report:
    """Remove what nothing needs. `listen` hears every decision: manifests by repository and digest, then blobs.

    Upload sessions end whose last byte came before `uploads_before` (Unix seconds).
    """
    run = _Sweep(storage, horizon, listen, dry_run)
    if not dry_run:
        run.report.uploads = await storage.store.expire_uploads(uploads_before)
        await storage.deletions.purge(horizon.grace_begin)
    await run.manifests()
    await run.known()
    await run.unknown()
    if not dry_run:
        await storage.inventory.drop_empty_repositories()
    return run.report


class _Sweep:
    """A sweep under way."""

    def __init__(self, storage: Storage, horizon: Horizon, listen: Callable[[Decision], None], dry_run: bool) -> None:
        self.report = Report()
        self._inventory, self._store = storage.inventory, storage.store
        self._horizon = horizon
        self._listen = listen
        self._dry_run = dry_run
        self._active: set[str] = set()
        self._leaving: list[int] = []

    async def manifests(self) -> None:
        """Look at each repository: who pushes to it, and which of its manifests stay."""
        after, quiet = "", self._horizon.quiet_begin
        # Where pushes fail for want of space, and are tried again and again, waiting for them would never end.
        wait = not await self._store.refused(quiet)
        while page := await self._inventory.repositories(after, PAGE):
            after = page[-1].name
            active = await self._store.uploading([each.name for each in page], quiet)
            active |= {each.name for each in page if each.active >= quiet}
            if not wait:
                active = set()
            self._active |= active
            for each in page:
                await self._manifests_of(each.name, active=each.name in active)

    async def known(self) -> None:
        """Look at the content that the index knows."""
        after = ""
        while page := await self._inventory.contents(after, PAGE, self._leaving):
            after = page[-1].digest
            decisions = [contents.judge(each, self._horizon, self._active) for each in page]
            doomed = [each for each, one in zip(page, decisions, strict=True) if one.verdict is Verdict.DELETE]
            self._hear(decisions)
            if not self._dry_run:
                await self._release(page, doomed)

    async def unknown(self) -> None:
        """Look at the content that only the store knows."""
        async for listed in self._store.listing():
            digests = set(await self._inventory.unknown([each.digest for each in listed]))
            if self._dry_run and not digests:
                continue
            unknown = sorted((each for each in listed if each.digest in digests), key=lambda each: each.digest)
            decisions = [contents.judge_unknown(each, self._horizon) for each in unknown]
            self._hear(decisions)
            if not self._dry_run:
                await self._delete([one.digest for one in decisions if one.verdict is Verdict.DELETE])

    async def _manifests_of(self, repository: str, *, active: bool) -> None:
        found = await self._inventory.manifests(repository)
        # In a thread: it takes a second for a repository of a hundred thousand.
        decisions = await asyncio.to_thread(manifests.judge, found, repository, self._horizon, active=active)
        doomed = [each for each, one in zip(found, decisions, strict=True) if one.verdict is Verdict.DELETE]
        self._hear(decisions)
        if self._dry_run:
            self.report.manifests_deleted += len(doomed)
            self._leaving += [each.id for each in doomed]
        else:
            await self._remove(doomed)

    async def _remove(self, doomed: Sequence[StoredManifest]) -> None:
        for start in range(0, len(doomed), PAGE):
            part = doomed[start : start + PAGE]
            # A push that was told a moment ago that a blob is here must still find it: see plan.QUIET.
            removed = await self._inventory.remove_manifests(part, self._horizon.last_moment)
            self.report.manifests_deleted += len(removed)
            self.report.manifests_kept += len(part) - len(removed)

    async def _release(self, page: Sequence[Content], doomed: Sequence[Content]) -> None:
        holds = [(each.digest, hold) for each in page for hold in contents.ended(each, self._horizon, self._active)]
        if not holds and not doomed:
            return
        removed = await self._inventory.release(holds, doomed)
        self.report.blobs_kept += len(doomed) - len(removed)
        await self._delete(removed)

    async def _delete(self, digests: Collection[str]) -> None:
        """Delete content that the index does not know. What was stored again since the plan was made stays."""
        for digest in await self._inventory.unknown(list(digests)):
            self.report.freed += await self._store.delete(digest, self._horizon.grace_begin)
            self.report.blobs_deleted += 1

    def _hear(self, decisions: Sequence[Decision]) -> None:
        for one in decisions:
            self._listen(one)
            keeps = one.verdict is not Verdict.DELETE
            if one.kind is Kind.MANIFEST:
                self.report.manifests_kept += keeps
            else:
                self.report.blobs_kept += keeps
                if not keeps and self._dry_run:
                    self.report.blobs_deleted += 1
                    self.report.freed += one.size
