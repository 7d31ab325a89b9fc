"""Carrying out the plan while pushes and pulls go on.

Rule: the index forgets first, in a transaction that checks the plan again; only then is content deleted, and only when
nobody has stored it again since. A crash in between leaves content that the index does not know, which the next sweep
takes. A dry run makes the same decisions and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from wharf.blobs.listing import Listing
from wharf.garbage.plan import Decision, Verdict, judge, judge_unknown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from wharf.clock import Clock
    from wharf.metadata.inventory import Inventory

PAGE = 500
"""Blobs that are looked at, and forgotten, in one transaction: bounds how long pushes wait for it."""


class Store(Listing, Protocol):
    """What a sweep asks of the blob store."""

    async def delete(self, digest: str, before: float | None = None) -> int:
        """See BlobStore."""


@dataclass(slots=True)
class Report:
    """What a sweep did, or in a dry run would do. Bytes in `freed`."""

    kept: int = 0
    deleted: int = 0
    freed: int = 0


def ignore(_: Decision) -> None:
    """Listens to no decision."""


async def decisions(
    inventory: Inventory, store: Store, *, grace: float, clock: Clock
) -> AsyncIterator[Sequence[Decision]]:
    """Decide on all content: first what the index knows, a page at a time, then what only the store knows."""
    after = ""
    while page := await inventory.contents(after, PAGE):
        after = page[-1].digest
        yield [judge(content, clock(), grace) for content in page]
    async for stored in store.listing():
        unknown = set(await inventory.unknown([each.digest for each in stored]))
        yield [judge_unknown(each, clock(), grace) for each in stored if each.digest in unknown]


async def sweep(
    inventory: Inventory,
    store: Store,
    *,
    grace: float,
    clock: Clock,
    listen: Callable[[Decision], None] = ignore,
    dry_run: bool = False,
) -> Report:
    """Remove what nothing needs. `listen` hears every decision.

    With a `grace` of 0 seconds nobody may be pushing: what was uploaded for a manifest still to come would go.
    """
    report = Report()
    async for page in decisions(inventory, store, grace=grace, clock=clock):
        for decision in page:
            listen(decision)
        doomed = [decision.digest for decision in page if decision.verdict is Verdict.DELETE]
        report.kept += len(page) - len(doomed)
        if dry_run:
            report.deleted += len(doomed)
            report.freed += sum(decision.size for decision in page if decision.verdict is Verdict.DELETE)
            continue
        stale = [decision.digest for decision in page if decision.verdict is not Verdict.KEEP]
        if stale:
            await inventory.release(stale, clock() - grace)
        # Only what the index does not know now: a doomed blob that became needed meanwhile was not released.
        for digest in await inventory.unknown(doomed):
            freed = await store.delete(digest, clock() - grace)
            report.deleted += 1
            report.freed += freed
    if not dry_run:
        await inventory.drop_empty_repositories()
    return report
