"""The index on SQLite: WAL, one writer thread a process, reads inline on a connection of the reading thread.

Rule: see metadata/interface.py. A read never waits for a writer; a write returns when its commit is on the disk.
Several processes may share the database: SQLite's lock orders their commits.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from wharf import clock as wall
from wharf.metadata import reads, sqlite_pull_log, writes
from wharf.metadata.connections import Connections, meaning, translated
from wharf.metadata.interface import (
    Blob,
    IndexFullError,
    IndexUnavailableError,
    MissingReferencesError,
)
from wharf.metadata.turns import Turns
from wharf.metadata.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from wharf.clock import Clock
    from wharf.metadata.interface import (
        Descriptor,
        Event,
        Flush,
        LikePulls,
        Manifest,
        ManifestPut,
        Readable,
        ReferrersWanted,
        Route,
    )

T = TypeVar("T")

TOUCH_INTERVAL = 60.0
"""Seconds within which a look-up does not touch a hold again, which costs a commit. Part of the grace period."""


RESERVE = 16 << 20
"""Bytes of the volume that pushes leave to deletions. Uploads stop sooner, at the reserve of the blob store."""


def nobody(_: Event) -> Sequence[str]:
    """The route of a registry without webhooks."""
    return ()


class SqliteIndex:
    """An Index (metadata/interface.py) in one SQLite file. Call open() before use, and close() after.

    `flush` makes blobs durable and is BlobStore.flush. `route` says which webhooks an event is for; replace_route()
    changes it while the index is in use. With `durable_blobs` a blob is durable at put_blob, not only at its manifest.
    What adds to the index leaves `reserve` bytes of its volume free, so that what takes away can always be recorded.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        flush: Flush,
        *,
        route: Route = nobody,
        clock: Clock = wall.now,
        durable_blobs: bool = False,
        reserve: int = RESERVE,
    ) -> None:
        self._directory = Path(path).parent
        self._reserve = reserve
        self._connections = Connections(path)
        self._turns = Turns(Path(path))
        self._writer = Writer(self._connections.writer, self._turn)
        self._flush = flush
        self._route = route
        self._clock = clock
        self.durable_blobs = durable_blobs
        self._listeners: list[Callable[[Collection[str]], None]] = []
        self._seen: tuple[sqlite3.Connection | None, int, int] = (None, 0, 0)  # a reader, its data_version, version()
        self._open = False
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="wharf-index-reader")

    def open(self) -> None:
        """Create or migrate the database, and start the writer. Raises SchemaError, IndexUnavailableError."""
        self._connections.prepare()
        with translated():
            self._turns.open()
        self._writer.start()
        self._open = True

    def close(self) -> None:
        """Finish the writes that wait, then close everything."""
        self._open = False
        self._writer.stop()
        self._aside.shutdown()
        self._connections.close()
        self._turns.close()

    def replace_route(self, route: Route) -> None:
        """Route later events by another function."""
        self._route = route

    def on_events(self, listener: Callable[[Collection[str]], None]) -> None:
        """Call `listener` with the webhooks after each commit of this process that posted to the outbox.

        In the loop of who wrote.
        """
        self._listeners.append(listener)

    def announce(self, webhooks: Collection[str]) -> None:
        """Tell the listeners that something waits in the outbox for these webhooks."""
        for listener in self._listeners:
            listener(webhooks)

    def version(self) -> int:
        """A number that changes whenever any process has committed by write(): tells when a cache of answers is old.

        Costs about two microseconds: the number itself is looked at only when anything was committed.
        """
        reader = self._connections.reader()
        try:  # not translated(): this is asked for every request, and a context manager costs as much as the question
            commits: int = reader.execute("PRAGMA data_version").fetchone()[0]
            seen = self._seen
            if seen[0] is not reader or seen[1] != commits:
                number: int = reader.execute("SELECT number FROM version").fetchone()[0]
                seen = self._seen = (reader, commits, number)
        except sqlite3.Error as error:
            raise meaning(error) from error
        return seen[2]

    def read(self, question: Callable[..., T], *arguments: Any) -> T:
        """Answer `question(connection, *arguments)`."""
        self._require_open()
        with translated():
            return question(self._connections.reader(), *arguments)

    async def read_aside(self, question: Callable[..., T], *arguments: Any) -> T:
        """Answer a question that may take long, in a thread, one at a time."""
        self._require_open()
        return await asyncio.get_running_loop().run_in_executor(self._aside, self.read, question, *arguments)

    async def write(self, change: Callable[[sqlite3.Connection], T], events: Sequence[Event] = ()) -> T:
        """Carry out `change`, and post `events` when it answers other than False or None."""
        deliveries = [(webhook, event) for event in events for webhook in self._route(event)]
        now = self._clock()

        def change_and_post(connection: sqlite3.Connection) -> T:
            result = change(connection)
            connection.execute("UPDATE version SET number = number + 1")
            if deliveries and result is not None and result is not False:
                writes.post(connection, deliveries, now)
            return result

        result = await self._writer.run(change_and_post)
        if deliveries:
            self.announce({webhook for webhook, _ in deliveries})
        return result

    async def note(self, change: Callable[[sqlite3.Connection], T], patience: float = 0.0) -> T:
        """Carry out a change that no answer to a client depends on: version() stays as it is.

        It may wait `patience` seconds for a commit that others ask for.
        """
        return await self._writer.run(change, patience)

    async def put_manifest(self, put: ManifestPut, events: Sequence[Event]) -> None:
        """See Index."""
        self._require_room(len(put.content))
        for _ in range(_FLUSH_ROUNDS):
            held = self.read(reads.held, put.repository, (*put.blobs, *put.optional))
            if missing := tuple(digest for digest in dict.fromkeys(put.blobs) if digest not in held):
                raise MissingReferencesError(missing)
            volatile = {digest: blob.id for digest, blob in held.items() if not blob.durable}
            if volatile:
                await self._make_durable(tuple(volatile))
            flushed = frozenset(volatile.values())
            now = self._clock()
            if await self.write(lambda connection: writes.put_manifest(connection, put, flushed, now), events):  # noqa: B023 - awaited before the next round
                return
        raise IndexUnavailableError("the blobs of the manifest kept being replaced during the push: push it again")

    async def get_manifest(self, repository: str, reference: str) -> Manifest | None:
        """See Index. Writes only when garbage collection might otherwise take the manifest."""
        found = self.read(reads.manifest, repository, reference)
        if found is not None and ":" in reference:
            touched, now = self.read(reads.loose, repository, reference), self._clock()
            if touched is not None and touched < now - TOUCH_INTERVAL:
                with suppress(IndexFullError, IndexUnavailableError):  # it can be pulled all the same
                    await self.write(lambda connection: writes.touch_manifest(connection, repository, reference, now))
        return found

    async def delete_manifest(self, repository: str, digest: str, events: Sequence[Event]) -> bool:
        """See Index."""
        now = self._clock()
        return await self.write(lambda connection: writes.delete_manifest(connection, repository, digest, now), events)

    async def delete_tag(self, repository: str, tag: str, events: Sequence[Event]) -> bool:
        """See Index."""
        now = self._clock()
        return await self.write(lambda connection: writes.delete_tag(connection, repository, tag, now), events)

    async def tags(self, repository: str, after: str, limit: int) -> list[str] | None:
        """See Index."""
        return self.read(reads.tags, repository, after, limit)

    async def repositories(self, after: str, limit: int) -> list[str]:
        """See Index."""
        return self.read(reads.repositories, after, limit)

    async def referrers(self, repository: str, subject: str, wanted: ReferrersWanted) -> list[Descriptor]:
        """See Index."""
        return self.read(reads.referrers, repository, subject, wanted)

    async def get_blob(self, repository: str, digest: str) -> Blob | None:
        """See Index. Writes only when garbage collection might otherwise take the blob."""
        found = self.read(reads.blob, repository, digest)
        if found is None:
            return None
        now = self._clock()
        if not found.backed and found.touched < now - TOUCH_INTERVAL:
            with suppress(IndexFullError, IndexUnavailableError):  # it can be pulled all the same
                kept = await self.write(lambda connection: writes.touch_hold(connection, repository, digest, now))
                return found.blob if kept else None
        return found.blob

    async def put_blob(self, repository: str, blob: Blob) -> None:
        """See Index."""
        self._require_room()
        durable, now = self.durable_blobs, self._clock()
        if durable:
            await self._make_durable((blob.digest,))
        if not await self.write(lambda connection: writes.put_blob(connection, repository, blob, durable, now)):
            await self._make_durable((blob.digest,))
            await self.write(lambda connection: writes.put_blob(connection, repository, blob, True, now))

    async def mount_blob(
        self, repository: str, digest: str, source: str | Readable, events: Sequence[Event]
    ) -> Blob | None:
        """See Index."""
        self._require_room()
        now = self._clock()
        name = source if isinstance(source, str) else self.read(reads.holder, digest, source)
        told = [replace(event, from_repository=name) for event in events]
        return await self.write(lambda connection: writes.mount_blob(connection, repository, digest, name, now), told)

    async def delete_blob(self, repository: str, digest: str, events: Sequence[Event]) -> bool:
        """See Index."""
        now = self._clock()
        return await self.write(lambda connection: writes.delete_hold(connection, repository, digest, now), events)

    async def note_pulls(self, pulls: Sequence[LikePulls]) -> None:
        """See Index."""
        if sheaves := sqlite_pull_log.bound(pulls, self._route):
            self._require_room()
            await self.note(lambda connection: sqlite_pull_log.note(connection, sheaves))

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """This writer's turn at the file that is the index."""
        with self._turns.taken():
            self._connections.require_same_file()
            yield

    def _require_open(self) -> None:
        if not self._open:
            raise IndexUnavailableError("the index is closed: retry when the registry is up again")

    def _require_room(self, size: int = 0) -> None:
        with translated():
            figures = os.statvfs(self._directory)
        if figures.f_bavail * figures.f_frsize - size < self._reserve:
            raise IndexFullError(
                f"less than {self._reserve >> 20} MiB would be left on the volume: free space or grow it, then push"
            )

    async def _make_durable(self, digests: Sequence[str]) -> None:
        """Flush blobs. What the store has lost is forgotten, so that the client is asked to push it again."""
        lost = await self._flush(digests)
        if lost:
            await self.write(lambda connection: writes.forget(connection, lost))
            raise MissingReferencesError(lost)


_FLUSH_ROUNDS = 3
"""Rounds of flushing before a manifest is refused; a second is needed only when content is replaced meanwhile."""
