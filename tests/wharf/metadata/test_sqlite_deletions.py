"""A restored manifest is as durable as a pushed one."""

import pytest

from wharf.metadata.deletions import ContentGoneError
from wharf.metadata.sqlite_deletions import SqliteDeletions


async def test_what_is_restored_is_durable(open_index, blob, manifest, clock, flush):
    index = open_index()
    await index.put_blob("team/app", blob(1))
    await index.put_manifest(manifest(1, (1,), tags=("v1",)), [])
    await index.delete_manifest("team/app", manifest(1).digest, [])
    flush.asked.clear()
    deletions = SqliteDeletions(index, clock)
    (deletion,) = await deletions.find("", 9)
    assert await deletions.restore(deletion) == ("v1",)
    assert flush.asked == []  # it was all the time


async def test_a_blob_that_was_never_durable_comes_back_but_not_to_a_manifest_that_waits(
    open_index, blob, manifest, clock
):
    index = open_index()
    deletions = SqliteDeletions(index, clock)
    for name in ("a", "b"):
        await index.put_blob(name, blob(1))
        await index.delete_blob(name, blob(1).digest, [])
    await index.put_manifest(manifest(1, optional=(blob(1).digest,), repository="b"), [])
    first, second = await deletions.find("", 9)
    await deletions.restore(first)
    assert await index.get_blob("a", blob(1).digest) == blob(1)
    with pytest.raises(ContentGoneError):
        await deletions.restore(second)
