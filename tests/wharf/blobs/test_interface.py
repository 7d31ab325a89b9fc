"""The contract of the blob store: every implementation passes this suite."""

import asyncio
import os

import pytest

from wharf.blobs.interface import (
    ContentLostError,
    DigestMismatchError,
    InvalidDigestError,
    OffsetError,
    UploadBusyError,
    UploadUnknownError,
)

BIG = os.urandom((5 << 20) + 7)


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("content", [b"", b"small", BIG], ids=["empty", "small", "big"])
async def test_content_comes_back_whole_and_in_ranges(store, put, read, algorithm, content):
    digest = await put(content, algorithm)
    assert await store.stat(digest) == len(content)
    assert await read(digest, 0, len(content)) == content
    half = len(content) // 2
    assert await read(digest, half, len(content) - half) == content[half:]


async def test_an_upload_in_chunks_knows_where_it_stands(store, chunks, digest_of, read):
    upload = await store.start_upload("team/app")
    assert upload.offset == 0
    upload = await store.append(upload, 0, chunks(b"first "))
    upload = await store.append(upload, None, chunks(b"second "))
    assert (await store.get_upload("team/app", upload.id)).offset == 13
    upload = await store.append(upload, 13, chunks(b"third"))
    whole = b"first second third"
    assert await store.finish(upload, digest_of(whole)) == len(whole)
    assert await read(digest_of(whole), 0, len(whole)) == whole


@pytest.mark.parametrize("offset", [0, 4, 6])
async def test_a_chunk_out_of_order_is_refused_and_the_session_goes_on(store, chunks, digest_of, offset):
    upload = await store.start_upload("team/app")
    upload = await store.append(upload, 0, chunks(b"12345"))
    with pytest.raises(OffsetError) as caught:
        await store.append(upload, offset, chunks(b"x"))
    assert caught.value.offset == 5
    upload = await store.append(upload, 5, chunks(b"6"))
    assert await store.finish(upload, digest_of(b"123456")) == 6


async def test_content_of_another_digest_is_not_stored_and_ends_the_session(store, chunks, digest_of):
    upload = await store.start_upload("team/app")
    upload = await store.append(upload, 0, chunks(b"content"))
    with pytest.raises(DigestMismatchError):
        await store.finish(upload, digest_of(b"other"))
    assert await store.stat(digest_of(b"other")) is None
    assert await store.stat(digest_of(b"content")) is None
    with pytest.raises(UploadUnknownError):
        await store.get_upload("team/app", upload.id)


@pytest.mark.parametrize(
    "digest", ["", "sha256:", "sha256:../../etc/passwd", "md5:" + "0" * 32, "sha256:" + "A" * 64, "sha256:" + "0" * 63]
)
async def test_what_is_not_a_digest_never_becomes_a_path(store, chunks, digest):
    for ask in (store.stat, store.delete, lambda digest: store.read(digest, 0, 1), lambda d: store.flush([d])):
        with pytest.raises(InvalidDigestError):
            await ask(digest)
    with pytest.raises(InvalidDigestError):
        store.path(digest)
    upload = await store.start_upload("team/app")
    upload = await store.append(upload, 0, chunks(b"x"))
    with pytest.raises(InvalidDigestError):
        await store.finish(upload, digest)
    assert (await store.get_upload("team/app", upload.id)).offset == 1


async def test_an_upload_interrupted_keeps_what_arrived(store, chunks, digest_of):
    upload = await store.start_upload("team/app")
    with pytest.raises(ConnectionResetError):
        await store.append(upload, 0, chunks(BIG[:-7], then=ConnectionResetError()))
    upload = await store.get_upload("team/app", upload.id)
    assert upload.offset == len(BIG) - 7
    upload = await store.append(upload, upload.offset, chunks(BIG[-7:]))
    assert await store.finish(upload, digest_of(BIG)) == len(BIG)


async def test_an_upload_cancelled_by_its_server_keeps_what_arrived(store, chunks, digest_of):
    upload = await store.start_upload("team/app")
    arrived = asyncio.Event()

    async def stalling():
        async for chunk in chunks(BIG):
            yield chunk
        arrived.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(store.append(upload, 0, stalling()))
    await arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    upload = await store.get_upload("team/app", upload.id)
    assert await store.finish(upload, digest_of(BIG)) == len(BIG)


async def test_a_second_request_in_a_session_waits_a_little_and_then_is_refused(store, chunks, monkeypatch):
    monkeypatch.setattr("wharf.blobs.filesystem.BUSY_WAIT", 0.1)
    upload = await store.start_upload("team/app")
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow():
        begun.set()
        await go_on.wait()
        yield b"slow"

    first = asyncio.create_task(store.append(upload, 0, slow()))
    await begun.wait()
    with pytest.raises(UploadBusyError):
        await store.append(upload, 0, chunks(b"other"))
    with pytest.raises(UploadBusyError):
        await store.cancel(upload)
    go_on.set()
    assert (await first).offset == 4


async def test_a_session_belongs_to_its_repository(store):
    upload = await store.start_upload("team/app")
    with pytest.raises(UploadUnknownError):
        await store.get_upload("team/other", upload.id)


@pytest.mark.parametrize("upload_id", ["", "..", "../../index.db", "0" * 32, "0" * 31 + "/"])
async def test_there_are_no_sessions_but_those_that_were_started(store, upload_id):
    with pytest.raises(UploadUnknownError):
        await store.get_upload("team/app", upload_id)


async def test_a_cancelled_session_is_gone(store, chunks):
    upload = await store.start_upload("team/app")
    await store.append(upload, 0, chunks(b"bytes"))
    await store.cancel(upload)
    for ask in (lambda: store.get_upload("team/app", upload.id), lambda: store.cancel(upload)):
        with pytest.raises(UploadUnknownError):
            await ask()


async def test_sessions_without_a_byte_for_long_expire(store, chunks):
    upload = await store.start_upload("team/app")
    await store.append(upload, 0, chunks(b"bytes"))
    assert await store.expire_uploads(0.0) == 0
    assert await store.expire_uploads(1e12) == 1
    with pytest.raises(UploadUnknownError):
        await store.get_upload("team/app", upload.id)


async def test_flushing_says_what_is_not_stored(store, put, digest_of):
    stored = [await put(b"%d" % number) for number in range(20)]
    absent = digest_of(b"absent")
    assert tuple(await store.flush([*stored, absent])) == (absent,)
    assert tuple(await store.flush([])) == ()


async def test_many_flush_the_same_at_the_same_time(store, put):
    stored = [await put(b"%d" % number) for number in range(5)]
    assert await asyncio.gather(*(store.flush(stored) for _ in range(20))) == [()] * 20


async def test_deleting_frees_the_bytes_once(store, put):
    digest = await put(b"content")
    assert await store.delete(digest) == 7
    assert await store.delete(digest) == 0
    assert await store.stat(digest) is None
    assert store.path(digest) is None
    with pytest.raises(ContentLostError):
        await store.read(digest, 0, 1)


async def test_what_was_stored_again_lately_is_not_deleted(store, put, clock):
    digest = await put(b"content")
    clock.now += 100
    await put(b"content")
    clock.now += 10
    assert await store.delete(digest, clock.now - 50) == 0
    assert await store.stat(digest) == 7
    clock.now += 100
    assert await store.delete(digest, clock.now - 50) == 7


async def test_storing_again_what_is_being_read_disturbs_nobody(store, put, read):
    digest = await put(BIG)
    reader = await store.read(digest, 0, len(BIG))
    first = await anext(reader)
    await put(BIG)
    await store.delete(digest)
    assert first + b"".join([piece async for piece in reader]) == BIG


async def test_usage_follows_what_is_stored_and_deleted(store, put):
    before = (await store.usage()).used
    digest = await put(b"x" * 1000)
    await put(b"x" * 1000)
    assert (await store.usage()).used == before + 1000
    await store.delete(digest)
    usage = await store.usage()
    assert usage.used == before
    assert usage.capacity > usage.available > 0
