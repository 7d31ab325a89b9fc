"""What every audit promises, whatever database is below it."""

import pytest

from wharf.metadata.audit import Counts, User
from wharf.metadata.interface import Blob
from wharf.metadata.sqlite_audit import SqliteAudit
from wharf.metadata.sqlite_doubts import SqliteDoubts

APP = "team/app"


@pytest.fixture
def audit(index, clock):
    return SqliteAudit(index, clock)


async def test_an_index_is_sound(audit, index, blob, manifest):
    await index.put_blob(APP, blob(1))
    await index.put_manifest(manifest(1, (1,)), [])
    assert await audit.unsound() == []


async def test_everything_is_counted_and_comes_a_page_at_a_time(audit, index, blob, manifest):
    assert await audit.counts() == Counts(0, 0, 0)
    for number in (1, 2, 3):
        await index.put_blob(APP, blob(number))
        await index.put_manifest(manifest(number, (number,), manifests=(manifest(9).digest,)), [])
    assert await audit.counts() == Counts(3, 3, 6)
    first = await audit.manifests(0, 2)
    rest = await audit.manifests(first[-1].id, 2)
    assert [each.digest for each in first + rest] == [manifest(number).digest for number in (1, 2, 3)]
    assert (rest[0].blobs, rest[0].others) == ((blob(3).digest,), (manifest(9).digest,))
    assert (rest[0].content, rest[0].repository) == (manifest(3).content, APP)
    found = await audit.blobs("", 2)
    assert found + await audit.blobs(found[-1].digest, 2) == sorted(map(blob, (1, 2, 3)), key=lambda one: one.digest)


async def test_a_blob_has_users(audit, index, blob, manifest):
    for name in ("b", "a"):
        await index.put_blob(name, blob(1))
        await index.put_manifest(manifest(1, (1,), repository=name, tags=("v2", "v1") if name == "a" else ()), [])
    digest = manifest(1).digest
    assert await audit.users(blob(1).digest, 9) == [User("a", digest, "v1"), User("b", digest, "")]
    assert await audit.users(blob(1).digest, 1) == [User("a", digest, "v1")]
    assert await audit.knows(blob(1).digest)
    assert not await audit.knows(blob(2).digest)


async def test_a_hold_that_is_missing_can_be_given_again(audit, index, blob, manifest):
    for name in ("a", "b"):
        await index.put_blob(name, blob(1))
        await index.put_manifest(manifest(1, (1,), repository=name), [])
    await SqliteDoubts(index).lost([blob(1).digest])
    assert await audit.unheld(blob(1).digest) == ["a", "b"]
    await index.put_blob("a", blob(1))
    assert await audit.hold("b", blob(1).digest)
    assert await audit.unheld(blob(1).digest) == []
    assert not await audit.hold("b", blob(2).digest)


async def test_a_size_is_corrected_only_where_it_is_what_was_seen(audit, index, blob):
    await index.put_blob(APP, blob(1))
    assert not await audit.resize(Blob(blob(1).digest, 77), 5)
    assert await audit.resize(blob(1), 5)
    assert await index.get_blob(APP, blob(1).digest) == Blob(blob(1).digest, 5)


async def test_what_a_manifest_names_is_noted_anew(audit, index, blob, manifest):
    for number in (1, 2):
        await index.put_blob(APP, blob(number))
    await index.put_manifest(manifest(1, (1,), manifests=("x:1",)), [])
    (seen,) = await audit.manifests(0, 9)
    assert await audit.renew(seen, (blob(2).digest, blob(3).digest), ("x:2",))
    (found,) = await audit.manifests(0, 9)
    assert (found.blobs, found.others) == ((blob(2).digest,), tuple(sorted((blob(3).digest, "x:2"))))
    await index.delete_manifest(APP, manifest(1).digest, [])
    assert not await audit.renew(seen, (), ())
