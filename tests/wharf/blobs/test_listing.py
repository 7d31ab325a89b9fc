"""The contract of listings: every store passes this suite."""

from wharf.blobs.listing import Stored


async def everything(store):
    return sorted([each async for page in store.listing() for each in page], key=lambda each: each.digest)


async def test_all_content_is_listed_with_its_size_and_when_it_was_stored(store, put, clock):
    assert await everything(store) == []
    small = await put(b"1")
    clock.now += 60
    large = await put(b"12345", "sha512")
    assert await everything(store) == sorted(
        [Stored(small, 1, clock.now - 60), Stored(large, 5, clock.now)], key=lambda each: each.digest
    )


async def test_what_is_not_content_is_left_out(store, put, layout):
    digest = await put(b"content")
    (layout.blob(digest).parent / "lost+found").write_bytes(b"")
    (layout.blobs / "sha256" / "README").write_bytes(b"")
    assert [each.digest for each in await everything(store)] == [digest]
