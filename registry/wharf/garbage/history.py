"""What sweeps have done, kept in the index: the registry's report tells of them, whichever process swept.

Rule: a sweep is noted when it has ended, one that failed as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from wharf import clock
from wharf.metadata.settings import GARBAGE

if TYPE_CHECKING:
    from wharf.garbage.sweep import Report
    from wharf.metadata.settings import Settings


class Sums(msgspec.Struct, frozen=True, rename="camel"):
    """Counts of what went. Bytes in `freed`; `uploads` are sessions that ended."""

    manifests: int = 0
    blobs: int = 0
    uploads: int = 0
    freed: int = 0

    def plus(self, other: Sums) -> Sums:
        """Both together."""
        mine, others = msgspec.structs.astuple(self), msgspec.structs.astuple(other)
        return Sums(*(one + two for one, two in zip(mine, others, strict=True)))


class Past(msgspec.Struct, frozen=True, rename="camel"):
    """The last sweep, when it began (Unix seconds) and how long it took, what all have removed, and what was kept.

    `doubted` blobs are why it removed nothing (witness.py).
    """

    last_run: float | None = None
    seconds: float = 0.0
    error: str = ""
    last: Sums = Sums()
    total: Sums = Sums()
    manifests: int = 0
    blobs: int = 0
    doubted: int = 0


class History:
    """The sweeps of one registry."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def past(self) -> Past:
        """What has been noted. Raises MetadataError."""
        try:
            return msgspec.json.decode(await self._settings.get(GARBAGE), type=Past)
        except msgspec.MsgspecError:  # nothing there, or not ours
            return Past()

    async def swept(self, report: Report, begin: float, seconds: float) -> None:
        """Note a sweep. Raises MetadataError."""
        last = Sums(report.manifests_deleted, report.blobs_deleted, report.uploads, report.freed)
        total = (await self.past()).total.plus(last)
        await self._put(Past(begin, seconds, "", last, total, report.manifests_kept, report.blobs_kept))

    async def failed(self, error: str, begin: float, seconds: float, doubted: int = 0) -> None:
        """Note that a sweep failed. Raises MetadataError."""
        past = await self.past()
        await self._put(msgspec.structs.replace(past, last_run=begin, seconds=seconds, error=error, doubted=doubted))

    async def rejuvenate(self, now: float) -> None:
        """Let the last sweep be no later than now: the clock was wrong when it was noted. Raises MetadataError."""
        past = await self.past()
        await self._put(msgspec.structs.replace(past, last_run=min(past.last_run or now, now)))

    async def _put(self, past: Past) -> None:
        await self._settings.put({GARBAGE: msgspec.json.encode(past).decode()})


def report(past: Past, next_run: float | None = None) -> dict[str, object]:
    """The past, and when the next sweep is due, in the form of /status."""
    return {
        "lastRun": clock.rfc3339(past.last_run),
        "nextRun": clock.rfc3339(next_run),
        "seconds": round(past.seconds, 3),
        "error": past.error,
        "freed": past.last.freed,
        "manifestsDeleted": past.last.manifests,
        "blobsDeleted": past.last.blobs,
        "uploadsEnded": past.last.uploads,
        "manifestsKept": past.manifests,
        "blobsKept": past.blobs,
        "blobsDoubted": past.doubted,
        "total": msgspec.to_builtins(past.total),
    }
