"""A sweep takes what has been of no use for the grace period, all of it, and says so."""

import os

from wharf.garbage.plan import Verdict
from wharf.garbage.sweep import Report

DAY = 86400.0


async def test_deleting_an_image_frees_its_space_after_the_grace_period_and_not_before(registry, clock, sweep_now):
    gone = await registry.push("v1", b"only v1", b"shared")
    await registry.push("v2", b"shared", b"only v2")
    clock.now += 2 * DAY
    assert await sweep_now() == Report(manifests_kept=2, blobs_kept=3)
    await registry.index.delete_manifest("app", gone, [])
    clock.now += DAY - 1
    assert await sweep_now() == Report(manifests_kept=1, blobs_kept=3)
    clock.now += 2
    assert await sweep_now() == Report(manifests_kept=1, blobs_kept=2, blobs_deleted=1, freed=7)
    assert await registry.has(b"only v1") == (False, False)
    assert await registry.has(b"shared") == (True, True)


async def test_a_dry_run_says_the_same_and_changes_nothing(registry, clock, sweep_now):
    await registry.push_blob(b"abandoned")
    image = await registry.push("v1", b"kept")
    await registry.upload(b"unknown")
    clock.now += 2 * DAY
    heard = []
    report = Report(manifests_kept=1, blobs_kept=1, blobs_deleted=2, freed=16)
    await registry.collector.timekeeper.observe()
    clock.now += 2 * DAY
    assert await sweep_now(dry_run=True, listen=heard.append) == report
    assert {decision.digest: decision.verdict for decision in heard} == {
        image: Verdict.KEEP,
        registry.digest(b"abandoned"): Verdict.DELETE,
        registry.digest(b"kept"): Verdict.KEEP,
        registry.digest(b"unknown"): Verdict.DELETE,
    }
    again = []
    await sweep_now(dry_run=True, listen=again.append)
    assert again == heard  # the order is stable
    assert await registry.has(b"abandoned") == (True, True)
    assert await sweep_now() == report


async def test_untagged_manifests_go_where_they_are_to_and_their_blobs_a_sweep_later(registry, clock, sweep_now):
    old = await registry.push("v1", b"old layer", b"base")
    new = await registry.push("v2", b"base", tags=("v1",))
    clock.now += 2 * DAY
    assert (await sweep_now()).manifests_deleted == 0
    heard = []
    told = await sweep_now(delete_untagged=True, dry_run=True, listen=heard.append)
    done = await sweep_now(delete_untagged=True)
    assert told == done == Report(manifests_kept=1, manifests_deleted=1, blobs_kept=2)
    assert [one.message for one in heard if one.digest == registry.digest(b"old layer")] == [
        "named only by manifests that go; a later sweep looks again"
    ]
    assert registry.there(old, new) == [False, True]
    assert await registry.has(b"old layer") == (True, True)
    clock.now += 601
    assert await sweep_now() == Report(manifests_kept=1, blobs_kept=1, blobs_deleted=1, freed=9)


async def test_what_belonged_to_a_deleted_index_goes_with_it(registry, clock, sweep_now):
    child = await registry.push("child", b"layer", tags=())
    tagged = await registry.push("tagged", tags=("mine",))
    index = await registry.push("index", manifests=(child, tagged))
    signature = await registry.push("signature", tags=(), subject=index)
    clock.now += 2 * DAY
    await registry.index.delete_manifest("app", index, [])
    await sweep_now()
    assert registry.there(child, tagged, signature) == [True, True, True]
    clock.now += DAY + 1
    await sweep_now()
    assert registry.there(child, tagged, signature) == [False, True, False]


async def test_a_deleted_index_that_comes_again_takes_its_children_back(registry, clock, sweep_now):
    child = await registry.push("child", b"layer", tags=())
    index = await registry.push("index", manifests=(child,))
    await registry.index.delete_manifest("app", index, [])
    await registry.push("index", manifests=(child,))
    await registry.index.delete_tag("app", "index", [])
    clock.now += 2 * DAY
    await sweep_now()
    assert registry.there(index, child) == [True, True]


async def test_a_manifest_that_became_needed_after_the_plan_was_made_stays(registry, clock, sweep_now):
    child = await registry.push("child", tags=())
    clock.now += 2 * DAY
    remove = registry.inventory.remove_manifests

    async def remove_after_a_push(seen, touch):
        await registry.push("index", manifests=(child,))
        return await remove(seen, touch)

    registry.inventory.remove_manifests = remove_after_a_push
    assert (await sweep_now(delete_untagged=True)).manifests_deleted == 0
    assert registry.there(child) == [True]


async def test_a_clock_that_is_set_forward_ages_nothing(registry, clock, sweep_now):
    await registry.push_blob(b"layer")
    await registry.upload(b"unknown")
    await registry.collector.timekeeper.observe()
    registry.set_clock(clock.now + 1000 * DAY)
    assert (await sweep_now()).blobs_deleted == 0
    clock.now += DAY + 1
    assert (await sweep_now()).blobs_deleted == 2


async def test_content_of_an_index_that_was_lost_is_not_taken_at_once(registry, clock, sweep_now):
    await registry.upload(b"of another index")
    clock.now += 1000 * DAY
    assert (await sweep_now()).blobs_deleted == 0
    clock.now += DAY + 1
    assert (await sweep_now()).blobs_deleted == 1


async def test_a_repository_loses_what_it_no_longer_uses_though_another_keeps_it(registry, clock, sweep_now):
    await registry.push("v1", b"layer")
    await registry.push("v1", b"layer", repository="other")
    await registry.index.delete_manifest("app", registry.digest(b"v1"), [])
    clock.now += 2 * DAY
    assert await sweep_now() == Report(manifests_kept=1, blobs_kept=1)
    assert await registry.has(b"layer", "app") == (False, True)
    assert await registry.has(b"layer", "other") == (True, True)
    assert [each.name for each in await registry.inventory.repositories("", 9)] == ["other"]


async def test_content_whose_hold_was_deleted_stays_as_long_as_a_manifest_names_it(registry, clock, sweep_now):
    image = await registry.push("v1", b"layer")
    await registry.index.delete_blob("app", registry.digest(b"layer"), [])
    clock.now += 2 * DAY
    assert (await sweep_now()).blobs_kept == 1
    await registry.index.delete_manifest("app", image, [])
    await sweep_now()
    assert await registry.has(b"layer") == (False, False)


async def test_more_than_a_page_is_swept_whole(registry, clock, sweep_now, monkeypatch):
    monkeypatch.setattr("wharf.garbage.sweep.PAGE", 3)
    for number in range(10):
        await registry.push_blob(b"%d" % number, repository=f"r{number}")
        await registry.push(f"m{number}", tags=())
    await registry.push("v1", b"3", b"7")
    clock.now += 2 * DAY
    done = await sweep_now(delete_untagged=True)
    assert done == Report(manifests_kept=1, manifests_deleted=10, blobs_kept=2, blobs_deleted=8, freed=8)
    assert await sweep_now() == Report(manifests_kept=1, blobs_kept=2)


async def test_upload_sessions_end(registry, clock, sweep_now):
    upload = await registry.store.start_upload("app")
    os.utime(next(registry.root.glob(f"uploads/*/{upload.id}")), (clock.now, clock.now))
    assert (await sweep_now()).uploads == 0
    clock.now += 2 * DAY
    assert (await sweep_now(dry_run=True)).uploads == 0
    assert (await sweep_now()).uploads == 1
