"""What the tests of the index share: an index of every kind, a clock that stands still, records by number."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wharf.metadata.interface import Blob, Event, ManifestPut
from wharf.metadata.sqlite import SqliteIndex
from wharf.metadata.sqlite_outbox import SqliteOutbox


class StoppedClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class RecordingFlush:
    """A BlobStore.flush that notes what it was asked for; `lost` is what it says is not stored."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.lost: set[str] = set()

    async def __call__(self, digests: list[str]) -> list[str]:
        self.asked += digests
        return [digest for digest in digests if digest in self.lost]


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def flush() -> RecordingFlush:
    return RecordingFlush()


@pytest.fixture
def open_index(tmp_path: Path, clock: StoppedClock, flush: RecordingFlush) -> Iterator[Callable[..., SqliteIndex]]:
    """Opens the same database, as often as called: each is what another process would have."""
    opened = []

    def open_it(**options: object) -> SqliteIndex:
        index = SqliteIndex(tmp_path / "index.db", flush, clock=clock, **options)
        index.open()
        opened.append(index)
        return index

    yield open_it
    for index in opened:
        index.close()


@pytest.fixture(params=["sqlite"])
def index(request: pytest.FixtureRequest, open_index: Callable[..., SqliteIndex]) -> SqliteIndex:
    """An index of each kind; every push event goes to the webhook `hook`."""
    assert request.param == "sqlite"
    return open_index(route=lambda event: ["hook"] if event.action == "push" else [])


@pytest.fixture
def outbox(index: SqliteIndex, clock: StoppedClock) -> SqliteOutbox:
    return SqliteOutbox(index, clock)


@pytest.fixture
def blob() -> Callable[[int], Blob]:
    return lambda number: Blob(digest_of(b"blob %d" % number), number)


@pytest.fixture
def manifest(blob: Callable[[int], Blob]) -> Callable[..., ManifestPut]:
    """A manifest by number, of the blobs with these numbers."""

    def make(number: int, blobs: tuple[int, ...] = (), repository: str = "team/app", **fields: object) -> ManifestPut:
        content = b"manifest %d" % number
        named = tuple(blob(each).digest for each in blobs)
        defaults: dict[str, object] = {"media_type": "application/vnd.oci.image.manifest.v1+json", "manifests": ()}
        return ManifestPut(repository, digest_of(content), content=content, blobs=named, **{**defaults, **fields})

    return make


@pytest.fixture
def event() -> Callable[..., Event]:
    def make(number: int = 1, action: str = "push", **fields: object) -> Event:
        about = {"repository": "team/app", **fields}
        return Event(f"event-{number}", "2027-01-15T08:00:00Z", action, **about)

    return make
