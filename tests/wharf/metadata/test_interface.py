"""The contract of the index: every implementation passes this suite."""

import asyncio

import pytest

from wharf.metadata.interface import Descriptor, IndexUnavailableError, MissingReferencesError, ReferrersWanted

ALL = ReferrersWanted(limit=1000, size=1 << 20)


async def hold(index, repository, *blobs):
    for each in blobs:
        await index.put_blob(repository, each)


async def test_a_manifest_comes_back_byte_for_byte_by_tag_and_by_digest(index, manifest, blob):
    await hold(index, "team/app", blob(1), blob(2))
    put = manifest(1, (1, 2), tags=("v1", "latest"))
    await index.put_manifest(put, [])
    for reference in ("v1", "latest", put.digest):
        found = await index.get_manifest("team/app", reference)
        assert (found.digest, found.media_type, found.content) == (put.digest, put.media_type, put.content)
    assert await index.get_manifest("team/other", "v1") is None
    assert await index.get_manifest("team/app", "v2") is None


async def test_a_manifest_of_blobs_that_its_repository_does_not_hold_is_refused_and_all_are_named(
    index, manifest, blob, event, outbox
):
    await hold(index, "team/app", blob(1))
    await hold(index, "team/other", blob(2))
    with pytest.raises(MissingReferencesError) as caught:
        await index.put_manifest(manifest(1, (1, 2, 3), tags=("v1",)), [event()])
    assert caught.value.digests == (blob(2).digest, blob(3).digest)
    assert await index.get_manifest("team/app", "v1") is None
    assert await outbox.pending("hook", "team/app", 9) == []


async def test_children_and_subject_need_not_be_there(index, manifest):
    put = manifest(1, manifests=("sha256:" + "a" * 64,), subject="sha256:" + "b" * 64)
    await index.put_manifest(put, [])
    assert await index.get_manifest("team/app", put.digest) is not None


async def test_an_optional_blob_that_is_absent_is_taken_up_durably_when_it_is_pushed(index, manifest, blob, flush):
    await hold(index, "team/app", blob(1))
    put = manifest(1, optional=(blob(1).digest, blob(2).digest))
    await index.put_manifest(put, [])
    assert flush.asked == [blob(1).digest]
    assert await index.get_blob("team/app", blob(2).digest) is None
    await hold(index, "team/other", blob(2))
    assert flush.asked == [blob(1).digest]
    await hold(index, "team/app", blob(2))
    assert flush.asked == [blob(1).digest, blob(2).digest]
    assert await index.get_blob("team/app", blob(2).digest) == blob(2)


async def test_what_an_optional_blob_lost_must_be_pushed_again(index, manifest, blob, flush):
    await index.put_manifest(manifest(1, optional=(blob(1).digest,)), [])
    flush.lost = {blob(1).digest}
    with pytest.raises(MissingReferencesError):
        await hold(index, "team/app", blob(1))


async def test_a_mount_that_a_manifest_waits_for_is_of_durable_content_or_is_none(index, manifest, blob):
    await hold(index, "source", blob(1))
    await index.put_manifest(manifest(1, optional=(blob(1).digest,)), [])
    assert await index.mount_blob("team/app", blob(1).digest, "source", []) is None
    await index.put_manifest(manifest(2, (1,), repository="source"), [])
    assert await index.mount_blob("team/app", blob(1).digest, "source", []) == blob(1)


async def test_blobs_are_flushed_before_their_manifest_and_only_once(index, manifest, blob, flush):
    await hold(index, "team/app", blob(1), blob(2))
    await index.put_manifest(manifest(1, (1,)), [])
    await index.put_manifest(manifest(2, (1, 2)), [])
    assert flush.asked == [blob(1).digest, blob(2).digest]


async def test_a_blob_whose_content_is_lost_must_be_pushed_again(index, manifest, blob, flush):
    await hold(index, "team/app", blob(1), blob(2))
    flush.lost = {blob(2).digest}
    with pytest.raises(MissingReferencesError) as caught:
        await index.put_manifest(manifest(1, (1, 2)), [])
    assert caught.value.digests == (blob(2).digest,)
    assert await index.get_blob("team/app", blob(2).digest) is None
    flush.lost = set()
    await hold(index, "team/app", blob(2))
    await index.put_manifest(manifest(1, (1, 2)), [])


async def test_with_durable_blobs_a_blob_is_durable_at_once(open_index, manifest, blob, flush):
    index = open_index(durable_blobs=True)
    await hold(index, "team/app", blob(1))
    assert flush.asked == [blob(1).digest]
    await index.put_manifest(manifest(1, (1,)), [])
    assert flush.asked == [blob(1).digest]


async def test_a_tag_moves_to_the_manifest_pushed_last(index, manifest):
    await index.put_manifest(manifest(1, tags=("v1",)), [])
    await index.put_manifest(manifest(2, tags=("v1",)), [])
    assert (await index.get_manifest("team/app", "v1")).content == b"manifest 2"
    assert (await index.get_manifest("team/app", manifest(1).digest)).content == b"manifest 1"


async def test_pushing_again_changes_nothing_but_the_media_type(index, manifest):
    await index.put_manifest(manifest(1, tags=("v1",)), [])
    await index.put_manifest(manifest(1, media_type="application/x"), [])
    assert (await index.get_manifest("team/app", "v1")).media_type == "application/x"
    assert await index.tags("team/app", "", 9) == ["v1"]


async def test_deleting_a_manifest_removes_its_tags_and_no_others(index, manifest):
    await index.put_manifest(manifest(1, tags=("a", "b")), [])
    await index.put_manifest(manifest(2, tags=("c",)), [])
    assert await index.delete_manifest("team/app", manifest(1).digest, [])
    assert await index.tags("team/app", "", 9) == ["c"]
    assert await index.get_manifest("team/app", manifest(1).digest) is None
    assert not await index.delete_manifest("team/app", manifest(1).digest, [])


async def test_deleting_a_tag_leaves_its_manifest(index, manifest):
    await index.put_manifest(manifest(1, tags=("a",)), [])
    assert await index.delete_tag("team/app", "a", [])
    assert not await index.delete_tag("team/app", "a", [])
    assert await index.tags("team/app", "", 9) == []
    assert await index.get_manifest("team/app", manifest(1).digest) is not None


async def test_tags_come_in_byte_order_a_page_at_a_time(index, manifest):
    names = ["B", "Z", "_x", "a", "a-1", "a.1", "v1", "v10", "v2"]
    await index.put_manifest(manifest(1, tags=tuple(reversed(names))), [])
    assert await index.tags("team/app", "", 4) == names[:4]
    assert await index.tags("team/app", "a", 100) == names[4:]
    assert await index.tags("team/app", "zz", 4) == []
    assert await index.tags("team/app", "", 0) == []
    assert await index.tags("team", "", 4) is None


async def test_repositories_with_a_manifest_come_in_byte_order(index, manifest, blob):
    for name in ("b/c", "a", "b", "a-b"):
        await index.put_manifest(manifest(1, repository=name), [])
    await index.put_blob("only/blobs", blob(1))
    assert await index.repositories("", 9) == ["a", "a-b", "b", "b/c"]
    assert await index.repositories("a", 2) == ["a-b", "b"]
    await index.delete_manifest("a", manifest(1).digest, [])
    assert await index.repositories("", 1) == ["a-b"]
    assert await index.tags("a", "", 9) is None


async def test_referrers_are_those_of_the_repository_in_byte_order(index, manifest):
    subject = "sha256:" + "c" * 64
    fields = {"subject": subject, "artifact_type": "application/sbom", "annotations": (("k", "v"), ("ä", ""))}
    for number in (1, 2, 3):
        await index.put_manifest(manifest(number, **fields), [])
    await index.put_manifest(manifest(4, repository="team/other", **fields), [])
    await index.put_manifest(manifest(5), [])
    found = await index.referrers("team/app", subject, ALL)
    assert [each.digest for each in found] == sorted(manifest(number).digest for number in (1, 2, 3))
    first = next(each for each in found if each.digest == manifest(1).digest)
    assert first == Descriptor(
        manifest(1).media_type, manifest(1).digest, 10, "application/sbom", (("k", "v"), ("ä", ""))
    )
    assert await index.referrers("team/app", "", ALL) == []
    assert await index.referrers("nowhere", subject, ALL) == []


async def test_referrers_come_a_page_at_a_time_and_by_their_type(index, manifest):
    subject = "sha256:" + "c" * 64
    for number in range(6):
        kind = "application/odd" if number % 2 else "application/even"
        put = manifest(number, subject=subject, artifact_type=kind, annotations=(("k", "v" * 100),))
        await index.put_manifest(put, [])
    digests = sorted(manifest(number).digest for number in range(6))

    async def page(**wanted):
        wanted = ReferrersWanted(**{"limit": 9, "size": 1 << 20, **wanted})
        return [each.digest for each in await index.referrers("team/app", subject, wanted)]

    assert await page() == digests
    assert await page(limit=2) == digests[:2]
    assert await page(limit=2, after=digests[1]) == digests[2:4]
    assert await page(limit=0) == await page(after=digests[-1]) == []
    assert await page(artifact_type="application/odd") == sorted(manifest(number).digest for number in (1, 3, 5))
    assert await page(artifact_type="application/none") == []
    assert await page(size=300) == digests[:3]  # of which the last no longer fits
    assert await page(size=1) == digests[:2]


async def test_a_blob_is_seen_only_through_repositories_that_hold_it(index, blob):
    await index.put_blob("team/app", blob(1))
    assert await index.get_blob("team/app", blob(1).digest) == blob(1)
    assert await index.get_blob("team/other", blob(1).digest) is None


async def test_a_mount_needs_a_source_that_holds_the_blob(index, blob):
    await index.put_blob("team/app", blob(1))
    assert await index.mount_blob("new", blob(2).digest, "team/app", []) is None
    assert await index.mount_blob("new", blob(1).digest, "nowhere", []) is None
    assert await index.mount_blob("new", blob(1).digest, "team/app", []) == blob(1)


async def test_a_mount_without_a_source_takes_the_blob_from_where_the_client_may_read(index, blob):
    await index.put_blob("secret/app", blob(1))
    assert await index.mount_blob("new", blob(1).digest, lambda name: not name.startswith("secret/"), []) is None
    await index.put_blob("team/app", blob(1))
    assert await index.mount_blob("new", blob(1).digest, lambda name: not name.startswith("secret/"), []) == blob(1)
    assert await index.get_blob("new", blob(1).digest) == blob(1)


async def test_deleting_a_blob_ends_the_hold_of_one_repository(index, blob, manifest):
    await hold(index, "team/app", blob(1))
    await hold(index, "team/other", blob(1))
    assert await index.delete_blob("team/app", blob(1).digest, [])
    assert not await index.delete_blob("team/app", blob(1).digest, [])
    assert await index.get_blob("team/app", blob(1).digest) is None
    assert await index.get_blob("team/other", blob(1).digest) == blob(1)


async def test_events_are_posted_for_the_webhooks_that_want_them_and_only_when_something_happened(
    index, manifest, event, outbox, blob
):
    await index.put_manifest(manifest(1), [event(1), event(2, action="pull")])
    await index.delete_manifest("team/app", manifest(1).digest, [event(3), event(4, action="pull")])
    assert not await index.delete_tag("team/app", "none", [event(5)])
    assert await index.mount_blob("team/app", blob(9).digest, "none", [event(6)]) is None
    assert [each.event.id for each in await outbox.pending("hook", "team/app", 9)] == ["event-1", "event-3"]
    index.replace_route(lambda event: ["other"])
    await index.put_manifest(manifest(2), [event(7)])
    assert [each.event for each in await outbox.pending("other", "team/app", 9)] == [event(7)]


async def test_a_hundred_pushes_at_once_all_succeed_or_fail_by_themselves(index, manifest, blob):
    await hold(index, "team/app", blob(1))

    async def push(number: int) -> bool:
        try:
            await index.put_manifest(manifest(number, (1,) if number % 3 else (1, 2), tags=(f"v{number}",)), [])
        except MissingReferencesError:
            return False
        return True

    outcomes = await asyncio.gather(*(push(number) for number in range(100)))
    assert outcomes == [number % 3 != 0 for number in range(100)]
    assert len(await index.tags("team/app", "", 1000)) == sum(outcomes)


async def test_what_was_acknowledged_is_there_when_the_index_is_opened_again(index, open_index, manifest):
    await index.put_manifest(manifest(1, tags=("v1",)), [])
    index.close()
    assert await open_index().tags("team/app", "", 9) == ["v1"]


async def test_a_closed_index_refuses_changes_and_questions(index, manifest):
    index.close()
    for refused in (index.put_manifest(manifest(1), []), index.delete_tag("a", "b", []), index.tags("a", "", 1)):
        with pytest.raises(IndexUnavailableError, match="closed"):
            await refused
