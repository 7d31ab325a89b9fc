"""What is particular to files: places, leftovers, limits of the disk."""

from pathlib import Path

import pytest

from wharf.blobs.filesystem import FileBlobStore
from wharf.blobs.interface import NoSpaceError, StoreUnavailableError, UploadUnknownError


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
async def test_an_upload_goes_on_in_another_process(open_store, chunks, digest_of, algorithm):
    one, two = open_store(), open_store()
    upload = await one.start_upload("team/app")
    upload = await one.append(upload, 0, chunks(b"begun here, "))
    upload = await two.append(await two.get_upload("team/app", upload.id), 12, chunks(b"continued there, "))
    upload = await one.append(upload, 29, chunks(b"ended here"))
    whole = b"begun here, continued there, ended here"
    assert await two.finish(upload, digest_of(whole, algorithm)) == len(whole)


async def test_the_hash_is_kept_between_requests(open_store, chunks, digest_of, monkeypatch):
    store = open_store()
    upload = await store.start_upload("team/app")
    for _ in range(3):
        upload = await store.append(upload, None, chunks(b"part"))
    monkeypatch.setattr("wharf.blobs.session.Session._hash_again", None)
    assert await store.finish(upload, digest_of(b"partpartpart")) == 12


async def test_content_is_read_only_and_where_the_layout_says(open_store, put, layout):
    digest = await put(b"content")
    path = layout.blob(digest)
    assert path.read_bytes() == b"content"
    assert path.stat().st_mode & 0o222 == 0
    assert open_store().path(digest) == str(path)
    assert list(layout.uploads.glob("*/*")) == []


async def test_content_that_may_be_in_use_is_replaced_only_by_synced_content(put, monkeypatch):
    synced = []

    def sync(session):
        synced.append(session)

    monkeypatch.setattr("wharf.blobs.session.Session.sync", sync)
    await put(b"content")
    assert synced == []
    await put(b"content")
    assert len(synced) == 1


async def test_a_disk_with_too_little_left_refuses_bytes_and_ends_the_session(open_store, chunks, monkeypatch):
    store = open_store(reserve=10 << 20)
    upload = await store.start_upload("team/app")
    monkeypatch.setattr("wharf.blobs.disk.space", lambda path: (100 << 20, (10 << 20) + 100))
    upload = await store.append(upload, 0, chunks(b"small"))
    with pytest.raises(NoSpaceError, match="free space"):
        await store.append(upload, 5, chunks(b"x" * (3 << 20)))
    with pytest.raises(UploadUnknownError):
        await store.get_upload("team/app", upload.id)


async def test_a_directory_that_cannot_be_written_is_reported_with_its_reason(open_store, layout):
    store = open_store()
    layout.refused.unlink()
    layout.uploads.rmdir()
    layout.uploads.write_bytes(b"")
    with pytest.raises(StoreUnavailableError, match="Not a directory"):
        await store.start_upload("team/app")


async def test_no_descriptor_is_left_open(open_store, put, read, chunks, digest_of):
    store = open_store()
    await read(await put(b"warm up"), 0, 7)
    before = descriptors()
    for number in range(20):
        content = b"%d" % number
        await read(await put(content), 0, len(content))
        reader = await store.read(digest_of(content), 0, len(content))
        del reader  # dropped before it was read
        upload = await store.start_upload("team/app")
        with pytest.raises(ConnectionResetError):
            await store.append(upload, 0, chunks(b"x", then=ConnectionResetError()))
        await store.flush([digest_of(content)])
    assert descriptors() == before


def test_a_place_where_no_directory_can_be_made_is_named() -> None:
    store = FileBlobStore("/proc/nowhere")
    with pytest.raises(StoreUnavailableError, match="/proc/nowhere"):
        store.open()
    store.close()
