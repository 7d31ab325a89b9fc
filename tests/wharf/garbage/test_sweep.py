import asyncio
import os

from wharf.garbage.plan import Verdict
from wharf.garbage.sweep import Report
from wharf.metadata.interface import Blob, MissingReferencesError

DAY = 86400.0


async def test_deleting_an_image_frees_its_space_after_the_grace_period_and_not_before(registry, clock, sweep_now):
    gone = await registry.push("v1", b"only v1", b"shared")
    await registry.push("v2", b"shared", b"only v2")
    clock.now += 2 * DAY
    assert await sweep_now() == Report(kept=3)
    await registry.index.delete_manifest("app", gone, [])
    clock.now += DAY - 1
    assert await sweep_now() == Report(kept=3)
    clock.now += 2
    assert await sweep_now() == Report(kept=2, deleted=1, freed=7)
    assert await registry.has(b"only v1") == (False, False)
    assert await registry.has(b"shared") == (True, True)


async def test_a_dry_run_says_the_same_and_changes_nothing(registry, clock, sweep_now):
    await registry.push_blob(b"abandoned")
    await registry.push("v1", b"kept")
    await registry.upload(b"unknown")
    clock.now += 2 * DAY
    heard = []
    assert await sweep_now(dry_run=True, listen=heard.append) == Report(kept=1, deleted=2, freed=16)
    assert {decision.digest: decision.verdict for decision in heard} == {
        registry.digest(b"abandoned"): Verdict.DELETE,
        registry.digest(b"kept"): Verdict.KEEP,
        registry.digest(b"unknown"): Verdict.DELETE,
    }
    assert await registry.has(b"abandoned") == (True, True)
    assert await sweep_now() == Report(kept=1, deleted=2, freed=16)


async def test_what_a_push_has_asked_for_stays(registry, clock, sweep_now):
    digest = await registry.push_blob(b"layer")
    clock.now += DAY - 100
    assert await registry.index.get_blob("app", digest) is not None  # the push skips this layer
    clock.now += DAY - 100
    assert await sweep_now() == Report(kept=1)
    await registry.push("v1", b"layer")


async def test_what_a_push_has_mounted_stays(registry, clock, sweep_now):
    image = await registry.push("v1", b"layer")
    clock.now += 2 * DAY
    assert await registry.index.mount_blob("other", registry.digest(b"layer"), "app", []) is not None
    await registry.index.delete_manifest("app", image, [])
    clock.now += DAY - 1
    await sweep_now()
    assert await registry.has(b"layer", "other") == (True, True)


async def test_a_repository_loses_what_it_no_longer_uses_though_another_keeps_it(registry, clock, sweep_now):
    await registry.push("v1", b"layer")
    await registry.push("v1", b"layer", repository="other")
    await registry.index.delete_manifest("app", registry.digest(b"v1"), [])
    clock.now += 2 * DAY
    assert await sweep_now() == Report(kept=1)
    assert await registry.has(b"layer", "app") == (False, True)
    assert await registry.has(b"layer", "other") == (True, True)
    names = registry.index.read(lambda c: [row[0] for row in c.execute("SELECT name FROM repository")])
    assert names == ["other"]


async def test_content_whose_hold_was_deleted_stays_as_long_as_a_manifest_names_it(registry, clock, sweep_now):
    image = await registry.push("v1", b"layer")
    await registry.index.delete_blob("app", registry.digest(b"layer"), [])
    clock.now += 2 * DAY
    assert await sweep_now() == Report(kept=1)
    await registry.index.delete_manifest("app", image, [])
    await sweep_now()
    assert await registry.has(b"layer") == (False, False)


async def test_what_the_plan_doomed_and_a_push_then_used_is_not_removed(registry, clock, sweep_now):
    await registry.push_blob(b"layer")
    clock.now += 2 * DAY
    release = registry.inventory.release

    async def release_after_a_push(digests, before):
        await registry.push("v1", b"layer")
        return await release(digests, before)

    registry.inventory.release = release_after_a_push
    await sweep_now()
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


async def test_more_content_than_a_page_is_swept_whole(registry, clock, sweep_now, monkeypatch):
    monkeypatch.setattr("wharf.garbage.sweep.PAGE", 3)
    for number in range(10):
        await registry.push_blob(b"%d" % number)
    await registry.push("v1", b"3", b"7")
    clock.now += 2 * DAY
    assert await sweep_now() == Report(kept=2, deleted=8, freed=8)
    assert await sweep_now() == Report(kept=2)


async def test_pushes_and_deletions_at_the_same_time_as_sweeps_lose_nothing(registry, sweep_now):
    registry.clock.now = 0.0
    layers = [os.urandom(50) for _ in range(6)]
    stop = asyncio.Event()

    async def keep_sweeping():
        while not stop.is_set():
            registry.clock.now += 40  # a push takes less than the grace period
            await sweep_now(grace=1000.0)

    async def push_and_delete(name):
        for number in range(15):
            image = await registry.push(f"{name}-{number}", *layers[number % 3 : number % 3 + 4])
            for layer in layers[number % 3 : number % 3 + 4]:
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
    registry.clock.now += 2000
    await sweep_now(grace=1000.0)
    assert not [page async for page in registry.store.listing() if page]
