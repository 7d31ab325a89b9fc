"""Durable blobs raise no doubts."""

from wharf.metadata.sqlite_doubts import SqliteDoubts


async def test_with_durable_blobs_there_is_no_doubt(open_index, blob):
    index = open_index(durable_blobs=True)
    await index.put_blob("team/app", blob(1))
    assert await SqliteDoubts(index).volatile() == []
    index.durable_blobs = False  # a reload changes it while the index is in use
    await index.put_blob("team/app", blob(2))
    assert await SqliteDoubts(index).volatile() == [blob(2).digest]
