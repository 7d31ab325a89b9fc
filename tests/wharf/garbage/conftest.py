"""What the tests of garbage collection share: a real index over a real store, a clock that a test moves, pushes."""

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from wharf.blobs.filesystem import FileBlobStore
from wharf.metadata.interface import Blob, ManifestPut
from wharf.metadata.sqlite import SqliteIndex
from wharf.metadata.sqlite_inventory import SqliteInventory

DAY = 86400.0


class StoppedClock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Registry:
    """An index and a store, with the steps that clients take."""

    def __init__(self, root: Path, clock: StoppedClock) -> None:
        self.clock = clock
        self.store = FileBlobStore(root, clock=clock)
        self.store.open()
        self.index = SqliteIndex(root / "index.db", self.store.flush, clock=clock)
        self.index.open()
        self.inventory = SqliteInventory(self.index)

    def close(self) -> None:
        self.index.close()
        self.store.close()

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

    async def push(self, name: str, *layers: bytes, repository: str = "app") -> str:
        """An image: its layers, then its manifest, which is also tagged `name`."""
        blobs = tuple([await self.push_blob(layer, repository) for layer in layers])
        content = name.encode()
        put = ManifestPut(repository, self.digest(content), "application/x", content, blobs, (), tags=(name,))
        await self.index.put_manifest(put, [])
        return put.digest

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


@pytest.fixture
def registry(tmp_path: Path, clock: StoppedClock) -> Iterator[Registry]:
    registry = Registry(tmp_path, clock)
    yield registry
    registry.close()


@pytest.fixture
def sweep_now(registry: Registry) -> Callable:
    from wharf.garbage.sweep import sweep  # noqa: PLC0415 - the fixture has its name

    async def run(grace: float = DAY, **options: object) -> object:
        return await sweep(registry.inventory, registry.store, grace=grace, clock=registry.clock, **options)

    return run
