"""What every keeper of doubts promises, whatever database is below it."""

from wharf.metadata.sqlite_doubts import SqliteDoubts


async def test_what_is_not_durable_is_known(index, blob, manifest):
    doubts = SqliteDoubts(index)
    for number in (1, 2, 3):
        await index.put_blob("team/app", blob(number))
    await index.put_manifest(manifest(1, (1,)), [])
    assert await doubts.volatile() == [blob(2).digest, blob(3).digest]
    await doubts.durable([blob(2).digest])
    await doubts.lost([blob(3).digest])
    assert await doubts.volatile() == []
    assert await index.get_blob("team/app", blob(3).digest) is None
