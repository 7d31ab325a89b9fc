"""A flush makes content survive a power cut, and is shared by those who ask at once."""

import errno

import pytest

from wharf.blobs import disk
from wharf.blobs.durability import Flusher
from wharf.blobs.interface import StoreUnavailableError


@pytest.fixture
def synced(monkeypatch):
    """The paths that were synced; syncing still happens."""
    paths = []
    sync = disk.sync
    monkeypatch.setattr(disk, "sync", lambda path: (paths.append(path), sync(path)))
    return paths


@pytest.fixture
def flusher(layout):
    flusher = Flusher(layout)
    yield flusher
    flusher.close()


@pytest.fixture
def content(layout, digest_of):
    def make(text):
        path = layout.blob(digest_of(text))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
        return digest_of(text)

    return make


async def test_the_bytes_and_the_directory_entry_are_synced_once(flusher, content, layout, synced):
    digest = content(b"x")
    for _ in range(3):
        assert await flusher.flush([digest, digest]) == ()
    assert synced == [layout.blob(digest), layout.blob(digest).parent]


async def test_content_that_came_again_is_synced_again(flusher, content, layout, synced):
    digest = content(b"x")
    await flusher.flush([digest])
    layout.blob(digest).rename(layout.root / "old")
    content(b"x")
    await flusher.flush([digest])
    assert len(synced) == 4


async def test_content_that_the_disk_cannot_keep_is_dropped_and_called_lost(flusher, content, layout, monkeypatch):
    digest = content(b"x")

    def fail(path):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(disk, "sync", fail)
    assert await flusher.flush([digest]) == (digest,)
    assert not layout.blob(digest).exists()


async def test_content_stays_where_it_cannot_be_opened_for_want_of_something_else(
    flusher, content, layout, monkeypatch
):
    digest = content(b"content")

    def too_many(_):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(disk, "sync", too_many)
    with pytest.raises(StoreUnavailableError, match="raise the limit"):
        await flusher.flush([digest])
    assert layout.blob(digest).read_bytes() == b"content"


async def test_only_so_many_are_remembered(flusher, content, monkeypatch):
    monkeypatch.setattr("wharf.blobs.durability.REMEMBERED", 2)
    digests = [content(b"%d" % number) for number in range(4)]
    await flusher.flush(digests)
    assert sum(flusher.knows(digest) for digest in digests) == 2
