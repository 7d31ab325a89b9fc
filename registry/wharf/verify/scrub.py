"""The slow verification that goes on by itself: every blob is hashed again, round after round, at a bounded rate.

Rule: a blob that is not what its name says is set aside and forgotten, so that it is answered as missing, never as
content, and the next push mends it. Nothing else is changed: a blob that is gone or cannot be read is only told of.
What a pull could not have, and what a person has set aside, is told of as well, at once and for as long as an image
lacks it.
A round goes on where it was when the process ended.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from wharf import clock as wall
from wharf.blobs import inspection
from wharf.blobs.inspection import State
from wharf.blobs.interface import BlobError
from wharf.metadata.interface import MetadataError
from wharf.metadata.settings import SCRUB
from wharf.verify.findings import Problem
from wharf.verify.verifier import PROBLEMS, Verifier, users

if TYPE_CHECKING:
    from wharf.blobs.inspection import Inspected
    from wharf.clock import Clock
    from wharf.metadata.interface import Blob
    from wharf.metadata.settings import Settings
    from wharf.verify.findings import Finding
    from wharf.verify.verifier import Storage

TICK = 60.0
"""Seconds between two looks whether a round is due."""

SAVE = 60.0
"""Seconds of work that a process which is killed may have done in vain."""

PAGE = 200
"""Blobs that are asked for at a time."""

LEAST = 64 << 10
"""Bytes that a blob counts at least: opening a file is work too."""

REMEMBERED = 100
"""Most damaged blobs that are told of."""

_LOG = logging.getLogger(__name__)
_DAMAGE = set(PROBLEMS.values())


@dataclass(frozen=True, slots=True)
class Pace:
    """Bytes a second, 0 for no scrubbing at all, and seconds from the begin of one round to that of the next."""

    rate: int = 0
    interval: float = 604800.0


class Damage(msgspec.Struct, frozen=True):
    """A blob that was found damaged, and the images that suffer from it."""

    digest: str
    problem: str
    found: float
    images: tuple[str, ...] = ()


class Scrubbed(msgspec.Struct, frozen=True):
    """How far it has come. `after`: the last blob of the round under way; `blobs` and `size` (bytes) of all rounds."""

    after: str = ""
    begun: float | None = None
    finished: float | None = None
    blobs: int = 0
    size: int = 0
    found: int = 0
    damages: tuple[Damage, ...] = ()


class _StoppedError(Exception):
    """The process ends."""


class Scrubber:
    """Scrubs one registry, at the pace it has been given last. Start run() as a task, and cancel it to stop."""

    def __init__(self, storage: Storage, settings: Settings, clock: Clock) -> None:
        self._storage = storage
        self._settings = settings
        self._clock = clock
        self._stopped = threading.Event()
        self._due = 0.0
        self.pace = Pace()

    async def run(self) -> None:
        """Scrub for ever."""
        pool = ThreadPoolExecutor(1, thread_name_prefix="wharf-scrub")
        self._stopped.clear()
        try:
            while True:
                await asyncio.sleep(TICK)
                try:
                    await self.round(pool)
                except (BlobError, MetadataError) as error:
                    _LOG.warning("scrubbing stopped, and is tried again: %s", error)
        finally:
            self._stopped.set()
            pool.shutdown()

    async def past(self) -> Scrubbed:
        """How far it has come, without the damage that was mended, and with what others have set aside meanwhile.

        Raises MetadataError, BlobError.
        """
        past = await self._load()
        damages = [each for each in past.damages if await self._is_damaged(each)]
        told = {each.digest for each in damages}
        for digest, state, when in await asyncio.to_thread(inspection.damage, self._storage.layout):
            if len(damages) == REMEMBERED:
                break
            if digest in told:
                continue
            if images := await users(self._storage.audit, digest):
                damages.append(Damage(digest, PROBLEMS[state].code, when, images))
            elif not await self._storage.audit.knows(digest):  # it was deleted while somebody pulled it
                await asyncio.to_thread(inspection.forget, self._storage.layout, digest)
        return msgspec.structs.replace(past, damages=tuple(damages))

    async def round(self, pool: ThreadPoolExecutor) -> None:
        """Carry on with the round under way, or with the next one if it is time. Raises MetadataError, BlobError."""
        past, now = await self._load(), self._clock()
        if not past.after:
            if past.begun is not None and abs(now - past.begun) < self.pace.interval:
                return
            past = msgspec.structs.replace(past, begun=now)
        saved = time.monotonic()
        while self.pace.rate and (page := await self._storage.audit.blobs(past.after, PAGE)):
            for blob in page:
                past = await self._look(past, blob, pool)
                if time.monotonic() - saved > SAVE or not self.pace.rate:
                    await self._save(past)
                    saved = time.monotonic()
                if not self.pace.rate:
                    return
        if self.pace.rate:
            await self._save(msgspec.structs.replace(past, after="", finished=self._clock()))

    async def _look(self, past: Scrubbed, blob: Blob, pool: ThreadPoolExecutor) -> Scrubbed:
        inspect = partial(inspection.inspect, self._storage.layout, blob.digest, pause=self._pause)
        found = await asyncio.get_running_loop().run_in_executor(pool, inspect)
        damages = tuple(each for each in past.damages if each.digest != blob.digest)
        new = [finding for finding in await self._findings(blob, found) if finding.problem in _DAMAGE]
        known = {each.digest for each in past.damages}
        for finding in new:
            about = {"digest": blob.digest, "images": list(finding.users), "done": finding.done}
            _LOG.error("%s: %s", finding.problem.code, finding.message, extra=about)
            aside = await asyncio.to_thread(inspection.is_aside, self._storage.layout, blob.digest)
            problem = Problem.BLOB_CORRUPT if aside else finding.problem  # whoever has set it aside
            damages += (Damage(blob.digest, problem.code, self._clock(), finding.users),)
        past = msgspec.structs.replace(
            past,
            after=blob.digest,
            blobs=past.blobs + 1,
            size=past.size + found.size,
            found=past.found + sum(blob.digest not in known for _ in new),
            damages=damages[-REMEMBERED:],
        )
        if new:
            await self._save(past)
        return past

    async def _findings(self, blob: Blob, found: Inspected) -> list[Finding]:
        if found.state is State.WHOLE:
            await asyncio.to_thread(inspection.forget, self._storage.layout, blob.digest)
            return []
        verifier = Verifier(self._storage, repair=found.state is State.CORRUPT)
        return list(await verifier.blob(blob, found))

    def _pause(self, size: int) -> None:
        """Keep to the rate. Called in the thread that reads."""
        now = time.monotonic()
        self._due = max(self._due, now) + max(size, LEAST) / (self.pace.rate or LEAST)
        if self._stopped.wait(self._due - now):
            raise _StoppedError

    async def _is_damaged(self, damage: Damage) -> bool:
        if not await self._storage.audit.knows(damage.digest):
            return False
        if damage.problem == Problem.BLOB_UNREADABLE.code:  # until a later round has read it
            return True
        return not self._storage.layout.blob(damage.digest).exists()

    async def _load(self) -> Scrubbed:
        try:
            return msgspec.json.decode(await self._settings.get(SCRUB), type=Scrubbed)
        except msgspec.MsgspecError:  # nothing there, or not ours
            return Scrubbed()

    async def _save(self, past: Scrubbed) -> None:
        await self._settings.put({SCRUB: msgspec.json.encode(past).decode()})


def report(past: Scrubbed) -> dict[str, object]:
    """The past in the form of /status."""
    return {
        "roundBegun": wall.rfc3339(past.begun),
        "lastRound": wall.rfc3339(past.finished),
        "blobs": past.blobs,
        "bytes": past.size,
        "found": past.found,
        "damaged": [
            {"digest": one.digest, "problem": one.problem, "foundAt": wall.rfc3339(one.found), "images": one.images}
            for one in past.damages
        ],
    }
