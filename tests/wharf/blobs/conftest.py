"""What the tests of the blob store share: a store of every kind, a clock that stands still, content and its digest."""

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from wharf.blobs.filesystem import FileBlobStore
from wharf.blobs.interface import BlobStore
from wharf.blobs.paths import Layout


class StoppedClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


@pytest.fixture
def open_store(tmp_path: Path, clock: StoppedClock) -> Iterator[Callable[..., FileBlobStore]]:
    """Opens the same store, as often as called: each is what another process would have."""
    opened = []

    def open_it(**options: object) -> FileBlobStore:
        store = FileBlobStore(tmp_path, clock=clock, **options)
        store.open()
        opened.append(store)
        return store

    yield open_it
    for store in opened:
        store.close()


@pytest.fixture(params=["filesystem"])
def store(request: pytest.FixtureRequest, open_store: Callable[..., FileBlobStore]) -> BlobStore:
    assert request.param == "filesystem"
    return open_store()


@pytest.fixture
def digest_of() -> Callable[..., str]:
    return lambda content, algorithm="sha256": f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


@pytest.fixture
def chunks() -> Callable[..., AsyncIterator[bytes]]:
    """The content in pieces; then the exception, if there is one."""

    async def make(content: bytes, size: int = 65536, then: BaseException | None = None) -> AsyncIterator[bytes]:
        for start in range(0, len(content), size):
            yield content[start : start + size]
        if then is not None:
            raise then

    return make


@pytest.fixture
def put(store: BlobStore, chunks: Callable[..., AsyncIterator[bytes]], digest_of: Callable[..., str]) -> Callable:
    """Stores content; its digest."""

    async def put_it(content: bytes, algorithm: str = "sha256", into: BlobStore = store) -> str:
        upload = await into.start_upload("team/app", algorithm)
        upload = await into.append(upload, 0, chunks(content))
        await into.finish(upload, digest_of(content, algorithm))
        return digest_of(content, algorithm)

    return put_it


@pytest.fixture
def read(store: BlobStore) -> Callable:
    async def read_it(digest: str, start: int, length: int) -> bytes:
        return b"".join([piece async for piece in await store.read(digest, start, length)])

    return read_it
