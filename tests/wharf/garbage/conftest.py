"""What the tests of garbage collection share: a real index over a real store, a clock that a test moves, pushes."""

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

import pytest

from wharf.blobs.filesystem import FileBlobStore
from wharf.blobs.paths import Layout
from wharf.garbage.collector import Collector, Terms
from wharf.garbage.sweep import ignore
from wharf.garbage.timekeeper import Clocks
from wharf.metadata.interface import Blob, ManifestPut
from wharf.metadata.sqlite import SqliteIndex
from wharf.metadata.sqlite_doubts import SqliteDoubts
from wharf.metadata.sqlite_settings import SqliteSettings

DAY = 86400.0


class StoppedClock:
    """A clock that a test moves: time passes, nobody sets it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


_MANIFESTS = "SELECT m.digest FROM manifest m JOIN repository r ON r.id = m.repository_id WHERE r.name = ?"


class Store(FileBlobStore):
    """A store in which only those repositories are pushed to that a test names: files have the kernel's times."""

    def __init__(self, root: Path, clock: StoppedClock) -> None:
        super().__init__(root, clock=clock)
        self.repositories: set[str] = set()
        self.is_full = False

    async def refused(self, since: float) -> bool:
        del since
        return self.is_full

    async def uploading(self, repositories: Sequence[str], since: float) -> set[str]:
        del since
        return self.repositories & set(repositories)


class Registry:
    """An index and a store, with the steps that clients take."""

    def __init__(self, root: Path, clock: StoppedClock) -> None:
        self.root = root
        self.clock = clock
        self.steady = 0.0  # what steady clocks show less than the wall's
        self.store = Store(root, clock=clock)
        self.uploading = self.store.repositories
        self.store.open()
        self.index = SqliteIndex(root / "index.db", self.store.flush, clock=clock)
        self.index.open()
        self.collector = Collector(
            self.index, self.store, Layout(root), Clocks(clock, lambda: clock() - self.steady, lambda: "boot")
        )
        self.inventory = self.collector.storage.inventory
        self.doubts = SqliteDoubts(self.index)
        self.settings = SqliteSettings(self.index)

    def close(self) -> None:
        self.index.close()
        self.store.close()

    def set_clock(self, now: float) -> None:
        """Somebody sets the wall clock."""
        self.steady += now - self.clock.now
        self.clock.now = now

    @staticmethod
    def digest(content: bytes) -> str:
        return f"sha256:{hashlib.sha256(content).hexdigest()}"

    async def upload(self, content: bytes, repository: str = "app") -> str:
        """The bytes only: what a push that dies between the store and the index leaves."""

        async def chunks() -> AsyncIterator[bytes]:
            yield content

        upload = await self.store.start_upload(repository)
        upload = await self.store.append(upload, 0, chunks())
        await self.store.finish(upload, self.digest(content))
        return self.digest(content)

    async def push_blob(self, content: bytes, repository: str = "app") -> str:
        digest = await self.upload(content, repository)
        await self.index.put_blob(repository, Blob(digest, len(content)))
        return digest

    async def push(self, name: str, *layers: bytes, repository: str = "app", **fields: object) -> str:
        """An image: its layers, then its manifest, which is also tagged `name` unless `tags` says otherwise."""
        blobs = tuple([await self.push_blob(layer, repository) for layer in layers])
        content = name.encode()
        defaults: dict[str, object] = {"manifests": (), "tags": (name,)}
        defaults["blobs"] = blobs
        put = ManifestPut(repository, self.digest(content), "application/x", content, **{**defaults, **fields})
        await self.index.put_manifest(put, [])
        return put.digest

    def there(self, *digests: str, repository: str = "app") -> list[bool]:
        """Whether each manifest is in the index; asking does not touch it."""
        found = {row[0] for row in self.index.read(lambda c: c.execute(_MANIFESTS, (repository,)).fetchall())}
        return [digest in found for digest in digests]

    async def has(self, content: bytes, repository: str = "app") -> tuple[bool, bool]:
        """Whether the index, and whether the store, has it."""
        digest = self.digest(content)
        held = self.index.read(
            lambda c: c.execute(
                "SELECT 1 FROM hold h JOIN blob b ON b.id = h.blob_id JOIN repository r ON r.id = h.repository_id"
                " WHERE b.digest = ? AND r.name = ?",
                (digest, repository),
            ).fetchone()
        )
        return held is not None, await self.store.stat(digest) is not None


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture(scope="session")
def make_registry() -> Callable[[Path, StoppedClock], Registry]:
    return Registry


@pytest.fixture
def registry(tmp_path: Path, clock: StoppedClock) -> Iterator[Registry]:
    registry = Registry(tmp_path, clock)
    yield registry
    registry.close()


@pytest.fixture
def sweep_now(registry: Registry) -> Callable:
    async def run(grace: float = DAY, *, listen: Callable = ignore, dry_run: bool = False, **terms: object) -> object:
        return await registry.collector.collect(Terms(grace, **terms), listen=listen, dry_run=dry_run)

    return run
