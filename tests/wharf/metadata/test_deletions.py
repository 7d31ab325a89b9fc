"""What every memory of deletions promises, whatever database is below it."""

import pytest

from wharf.metadata.deletions import BLOB, MANIFEST, ContentGoneError, Deletion
from wharf.metadata.interface import ReferrersWanted
from wharf.metadata.sqlite_deletions import SqliteDeletions
from wharf.metadata.sqlite_inventory import SqliteInventory

APP = "team/app"


@pytest.fixture
def deletions(index, clock):
    return SqliteDeletions(index, clock)


async def push(index, blob, put, *numbers):
    for number in numbers:
        await index.put_blob(put.repository, blob(number))
    await index.put_manifest(put, [])


async def test_a_deleted_manifest_comes_back_as_it_was(index, deletions, blob, manifest, clock):
    put = manifest(
        1, (1, 2), manifests=(manifest(7).digest,), subject=manifest(8).digest, artifact_type="a/b",
        annotations=(("k", "ü"),), tags=("v1", "v2"),
    )  # fmt: skip
    await push(index, blob, put, 1, 2)
    before = await SqliteInventory(index).manifests(APP)
    referrers = await index.referrers(APP, put.subject, ReferrersWanted(9, 9999))
    await index.delete_manifest(APP, put.digest, [])
    (deletion,) = await deletions.find(put.digest, 9)
    assert deletion == Deletion(put.digest, APP, MANIFEST, clock.now, 10, ("v1", "v2"))
    assert await deletions.restore(deletion) == ("v1", "v2")
    (after,) = await SqliteInventory(index).manifests(APP)
    assert (after.children, after.tags) == (before[0].children, before[0].tags)
    assert await index.referrers(APP, put.subject, ReferrersWanted(9, 9999)) == referrers
    assert (await index.get_manifest(APP, "v1")).content == put.content
    assert await deletions.find("", 9) == []


async def test_a_tag_that_points_elsewhere_by_now_stays_there(index, deletions, blob, manifest):
    await index.put_manifest(manifest(1, tags=("v1", "v2")), [])
    await index.delete_manifest(APP, manifest(1).digest, [])
    await index.put_manifest(manifest(2, tags=("v1",)), [])
    (deletion,) = await deletions.find("", 9)
    assert await deletions.restore(deletion) == ("v2",)
    assert (await index.get_manifest(APP, "v1")).digest == manifest(2).digest


async def test_a_deleted_hold_comes_back_in_its_repository_only(index, deletions, blob, manifest, clock):
    await push(index, blob, manifest(1, (1,)), 1)
    await push(index, blob, manifest(1, (1,), repository="x"), 1)
    for name in (APP, "x"):
        await index.delete_blob(name, blob(1).digest, [])
    found = await deletions.find(blob(1).digest, 9)
    assert found == [Deletion(blob(1).digest, name, BLOB, clock.now, 1) for name in (APP, "x")]
    await deletions.restore(found[0])
    assert await index.get_blob(APP, blob(1).digest) == blob(1)
    assert await index.get_blob("x", blob(1).digest) is None
    assert await deletions.find("", 9) == found[1:]


async def test_a_manifest_takes_back_the_blobs_that_were_deleted_after_it(index, deletions, blob, manifest):
    await push(index, blob, manifest(1, (1,)), 1)
    await index.delete_manifest(APP, manifest(1).digest, [])
    await index.delete_blob(APP, blob(1).digest, [])
    (deletion,) = await deletions.find(manifest(1).digest, 9)
    await deletions.restore(deletion)
    assert await index.get_blob(APP, blob(1).digest) == blob(1)


async def test_what_has_lost_its_content_does_not_come_back(index, deletions, blob, manifest, clock):
    await push(index, blob, manifest(1, (1,)), 1)
    await index.delete_manifest(APP, manifest(1).digest, [])
    seen = await SqliteInventory(index).contents("", 9)
    await SqliteInventory(index).release([(each.digest, hold) for each in seen for hold in each.unbacked], seen)
    (deletion,) = await deletions.find("", 9)
    with pytest.raises(ContentGoneError, match="push the image again"):
        await deletions.restore(deletion)
    assert await index.get_manifest(APP, manifest(1).digest) is None
    assert await deletions.find("", 9) == [deletion]


async def test_what_was_deleted_again_is_remembered_as_of_the_last_time(index, deletions, manifest, clock):
    for tag in ("v1", "v2"):
        await index.put_manifest(manifest(1, tags=(tag,)), [])
        clock.now += 10
        await index.delete_manifest(APP, manifest(1).digest, [])
    assert await deletions.find("", 9) == [Deletion(manifest(1).digest, APP, MANIFEST, clock.now, 10, ("v2",))]


async def test_deletions_are_forgotten_when_their_time_has_passed(index, deletions, manifest, clock):
    for number in (1, 2):
        await index.put_manifest(manifest(number), [])
        clock.now += 10
        await index.delete_manifest(APP, manifest(number).digest, [])
    assert await deletions.purge(clock.now) == 1
    assert [each.digest for each in await deletions.find("", 9)] == [manifest(2).digest]


async def test_deletions_come_by_repository_and_digest_and_no_more_than_asked_for(index, deletions, manifest):
    for name in ("b", "a"):
        for number in (1, 2, 3):
            await index.put_manifest(manifest(number, repository=name), [])
            await index.delete_manifest(name, manifest(number).digest, [])
    found = [(each.repository, each.digest) for each in await deletions.find("", 4)]
    assert found == sorted((name, manifest(number).digest) for name in "ab" for number in (1, 2, 3))[:4]
