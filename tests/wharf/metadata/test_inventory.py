"""What every inventory promises, whatever database is below it."""

import pytest

from wharf.metadata.inventory import Content, Hold, Repository, StoredManifest
from wharf.metadata.sqlite_inventory import SqliteInventory

APP = "team/app"


@pytest.fixture
def inventory(index):
    return SqliteInventory(index)


async def test_content_comes_with_what_needs_it(index, inventory, blob, manifest, clock):
    begin = clock.now
    await index.put_blob(APP, blob(1))
    await index.put_manifest(manifest(1, (1,)), [])
    await index.put_manifest(manifest(2, (1,)), [])
    clock.now += 10
    await index.put_blob(APP, blob(2))
    await index.put_blob("x", blob(1))
    clock.now += 10
    await index.mount_blob("y", blob(1).digest, "x", [])
    leaving = [each.id for each in await inventory.manifests(APP)][:1]
    assert await inventory.contents("", 9, leaving) == sorted(
        [
            Content(blob(1).digest, 1, begin + 10, 2, 1, (Hold("x", begin + 10), Hold("y", begin + 20))),
            Content(blob(2).digest, 2, begin + 10, 0, 0, (Hold(APP, begin + 10),)),
        ],
        key=lambda content: content.digest,
    )


async def test_content_comes_a_page_at_a_time(index, inventory, blob):
    digests = sorted(blob(number).digest for number in range(5))
    for number in range(5):
        await index.put_blob(APP, blob(number))
    first = await inventory.contents("", 3)
    rest = await inventory.contents(first[-1].digest, 3)
    assert [content.digest for content in first + rest] == digests
    assert await inventory.contents(digests[-1], 3) == []


async def test_repositories_come_with_the_time_of_the_last_push(index, inventory, blob, manifest, clock):
    begin = clock.now
    await index.put_blob("b", blob(1))
    await index.put_blob("a", blob(1))
    clock.now += 100
    await index.put_manifest(manifest(1, repository="a"), [])
    await index.put_manifest(manifest(1, repository="c"), [])
    clock.now += 5  # so soon after, it is not worth noting
    await index.mount_blob("c", blob(1).digest, "b", [])
    assert await inventory.repositories("", 2) == [Repository("a", begin + 100), Repository("b", begin)]
    assert await inventory.repositories("b", 2) == [Repository("c", begin + 100)]
    clock.now += 100
    assert await index.get_blob("b", blob(1).digest) is not None
    assert (await inventory.repositories("a", 1))[0].active == clock.now


async def test_manifests_come_with_what_they_mean_to_others(index, inventory, manifest, clock):
    begin = clock.now
    one, two = manifest(1, tags=("v1", "v0")), manifest(2, subject=manifest(1).digest)
    index_of_both = manifest(3, manifests=(one.digest, two.digest))
    await index.put_manifest(one, [])
    clock.now += 10
    await index.put_manifest(two, [])
    clock.now += 10
    await index.put_manifest(index_of_both, [])
    found = {each.digest: each for each in await inventory.manifests(APP)}
    assert list(found) == sorted(found)
    assert set(found[index_of_both.digest].children) == {one.digest, two.digest}
    key = found[two.digest].id
    assert found[two.digest] == StoredManifest(key, two.digest, 10, begin + 20, subject=one.digest)
    assert found[one.digest].tags == ("v0", "v1")
    assert await inventory.manifests("none") == []


async def test_manifests_go_when_they_have_no_tag_and_were_not_touched_since(index, inventory, manifest, clock):
    for number in (1, 2, 3, 4):
        await index.put_manifest(manifest(number), [])
    seen = await inventory.manifests(APP)
    clock.now += 100
    await index.put_manifest(manifest(2, tags=("v2",)), [])
    await index.put_manifest(manifest(5, manifests=(manifest(3).digest,)), [])
    clock.now += 100
    assert await index.get_manifest(APP, manifest(4).digest) is not None
    ids = {each.digest: each.id for each in seen}
    assert await inventory.remove_manifests(seen, 0.0) == [ids[manifest(1).digest]]
    assert await inventory.remove_manifests(seen, 0.0) == []
    assert await index.get_manifest(APP, manifest(1).digest) is None


async def test_what_a_removed_manifest_named_is_touched(index, inventory, blob, manifest, clock):
    begin = clock.now
    for number in (1, 2):
        await index.put_blob(APP, blob(number))
        await index.put_manifest(manifest(number, (number,)), [])
        clock.now += 100
    seen = await inventory.manifests(APP)
    await inventory.remove_manifests(seen, begin + 50)
    assert {each.digest: each.unbacked for each in await inventory.contents("", 9)} == {
        blob(1).digest: (Hold(APP, begin + 50),),
        blob(2).digest: (Hold(APP, begin + 100),),
    }


async def test_holds_end_and_blobs_go_when_they_were_not_touched_since(index, inventory, blob, manifest, clock):
    for number in (1, 2, 3, 4):
        await index.put_blob(APP, blob(number))
    await index.put_blob("x", blob(4))
    seen = await inventory.contents("", 9)
    holds = [(each.digest, hold) for each in seen for hold in each.unbacked]
    await index.put_manifest(manifest(1, (1,)), [])
    clock.now += 100
    await index.put_blob(APP, blob(3))
    await index.mount_blob("y", blob(4).digest, "x", [])
    assert await inventory.release(holds, seen) == [blob(2).digest]
    assert await inventory.unknown([blob(number).digest for number in (1, 2, 3, 5)]) == [
        blob(2).digest,
        blob(5).digest,
    ]
    left = {each.digest: [hold.repository for hold in each.unbacked] for each in await inventory.contents("", 9)}
    assert left == {blob(1).digest: [], blob(3).digest: [APP], blob(4).digest: ["y"]}


async def test_a_deleted_hold_gives_the_content_its_time(index, inventory, blob, clock):
    await index.put_blob(APP, blob(1))
    clock.now += 100
    await index.delete_blob(APP, blob(1).digest, [])
    assert await inventory.contents("", 9) == [Content(blob(1).digest, 1, clock.now)]


async def test_repositories_of_nothing_are_dropped(index, inventory, blob, manifest):
    await index.put_blob("a", blob(1))
    await index.put_blob("b", blob(1))
    await index.put_manifest(manifest(1, repository="c"), [])
    assert await inventory.drop_empty_repositories() == 0
    await index.delete_blob("a", blob(1).digest, [])
    assert await inventory.drop_empty_repositories() == 1
    assert await index.repositories("", 9) == ["c"]


async def test_times_of_a_clock_that_was_wrong_are_set_right(index, inventory, blob, manifest, clock):
    right = clock.now
    await index.put_blob(APP, blob(1))
    clock.now += 1e8
    await index.put_blob("x", blob(2))
    await index.put_manifest(manifest(1, repository="x"), [])
    await inventory.rejuvenate(right + 50)
    assert [each.active for each in await inventory.repositories("", 9)] == [right, right + 50]
    assert [each.touched for each in await inventory.manifests("x")] == [right + 50]
    assert {each.touched for each in await inventory.contents("", 9)} == {right, right + 50}
