"""A sweep beside running pushes never takes what they count on."""

import asyncio
import os

from wharf.garbage.sweep import Report
from wharf.metadata.interface import Blob, MissingReferencesError

DAY = 86400.0


async def test_a_push_that_was_told_that_a_layer_is_here_finds_it_though_its_image_goes(registry, clock, sweep_now):
    await registry.push("v1", b"layer")
    await registry.index.delete_tag("app", "v1", [])
    clock.now += 2 * DAY
    assert await registry.index.get_blob("app", registry.digest(b"layer")) is not None
    await sweep_now(delete_untagged=True)
    await sweep_now(delete_untagged=True)
    put = await registry.push("v2", repository="app", blobs=(registry.digest(b"layer"),))
    assert registry.there(put) == [True]


async def test_a_manifest_that_was_asked_for_by_digest_stays(registry, clock, sweep_now):
    child = await registry.push("child", b"layer", tags=())
    clock.now += 2 * DAY
    assert await registry.index.get_manifest("app", child) is not None  # the push of an index skips this child
    await sweep_now(delete_untagged=True)
    await registry.push("index", manifests=(child,))
    clock.now += 2 * DAY
    await sweep_now(delete_untagged=True)
    assert registry.there(child) == [True]


async def test_a_push_longer_than_the_grace_period_keeps_its_first_layers(registry, clock, sweep_now):
    await registry.push_blob(b"first")
    for number in range(20):
        clock.now += 500
        await registry.push_blob(b"%d" % number)
        assert (await sweep_now(grace=0.0)).blobs_deleted == 0
    await registry.push("v1", b"last")
    assert await registry.has(b"first") == (True, True)


async def test_a_push_that_sends_one_layer_for_long_keeps_the_others(registry, clock, sweep_now):
    layer = await registry.push_blob(b"first")
    clock.now += DAY / 2
    registry.uploading.add("app")
    assert (await sweep_now(grace=0.0)).blobs_deleted == 0
    registry.uploading.clear()
    assert (await sweep_now(grace=0.0)).blobs_deleted == 1
    assert await registry.index.get_blob("app", layer) is None


async def test_where_pushes_fail_for_want_of_space_they_are_not_waited_for(registry, clock, sweep_now):
    await registry.push("v1", b"layer")
    await registry.index.delete_manifest("app", registry.digest(b"v1"), [])
    clock.now += 700
    registry.uploading.add("app")
    assert (await sweep_now(grace=0.0)).blobs_deleted == 0
    registry.store.is_full = True
    assert (await sweep_now(grace=0.0)).blobs_deleted == 1


async def test_with_no_grace_period_at_all_a_push_that_goes_on_loses_nothing(registry, sweep_now):
    await registry.push_blob(b"first")
    await registry.upload(b"second")  # stored, and not in the index yet
    await registry.push("old", b"released")
    await registry.index.delete_manifest("app", registry.digest(b"old"), [])
    assert (await sweep_now(grace=0.0)).blobs_deleted == 0


async def test_what_a_push_has_asked_for_stays(registry, clock, sweep_now):
    digest = await registry.push_blob(b"layer")
    clock.now += DAY - 100
    assert await registry.index.get_blob("app", digest) is not None  # the push skips this layer
    clock.now += DAY - 100
    assert await sweep_now() == Report(blobs_kept=1)
    await registry.push("v1", b"layer")


async def test_what_a_push_has_mounted_stays(registry, clock, sweep_now):
    image = await registry.push("v1", b"layer")
    clock.now += 2 * DAY
    assert await registry.index.mount_blob("other", registry.digest(b"layer"), "app", []) is not None
    await registry.index.delete_manifest("app", image, [])
    clock.now += DAY - 1
    await sweep_now()
    assert await registry.has(b"layer", "other") == (True, True)


async def test_what_the_plan_doomed_and_a_push_then_used_is_not_removed(registry, clock, sweep_now):
    await registry.push_blob(b"layer")
    clock.now += 2 * DAY
    release = registry.inventory.release

    async def release_after_a_push(holds, blobs):
        clock.now += 1
        await registry.push("v1", b"layer")
        return await release(holds, blobs)

    registry.inventory.release = release_after_a_push
    assert (await sweep_now()).blobs_deleted == 0
    assert await registry.has(b"layer") == (True, True)


async def test_what_was_released_and_then_stored_again_is_not_deleted(registry, clock, sweep_now):
    await registry.push_blob(b"layer")
    clock.now += 2 * DAY
    delete = registry.store.delete

    async def delete_after_an_upload(digest, before=None):
        await registry.upload(b"layer")  # finished, and not yet in the index
        return await delete(digest, before)

    registry.store.delete = delete_after_an_upload
    await sweep_now()
    await registry.index.put_blob("app", Blob(registry.digest(b"layer"), 5))
    assert await registry.has(b"layer") == (True, True)


async def test_pushes_and_deletions_at_the_same_time_as_sweeps_lose_nothing(registry, sweep_now):
    layers = [os.urandom(50) for _ in range(6)]
    stop = asyncio.Event()

    async def keep_sweeping():
        while not stop.is_set():
            # Sessions have the kernel's times, long before those of the test's clock.
            await sweep_now(grace=0.0, delete_untagged=True, upload_expiry=1e9)

    async def push_and_delete(name):
        for number in range(10):
            used = layers[number % 3 : number % 3 + 4]
            image = await registry.push(f"{name}-{number}", *used)
            registry.clock.now += 20  # no push pauses for as long as it takes to be called quiet
            for layer in used:
                assert await registry.has(layer) == (True, True)
            await registry.index.delete_manifest("app", image, [])

    sweeping = asyncio.create_task(keep_sweeping())
    try:
        await asyncio.gather(*(push_and_delete(name) for name in "abc"))
    except MissingReferencesError as error:
        raise AssertionError("the sweep took what a push counted on") from error
    finally:
        stop.set()
        await sweeping
    registry.clock.now += 20 * DAY
    await sweep_now()
    assert not [page async for page in registry.store.listing() if page]
