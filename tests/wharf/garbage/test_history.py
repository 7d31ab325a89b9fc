"""What the last collection did is remembered."""

from wharf.garbage.history import History, Past, Sums, report
from wharf.garbage.sweep import Report
from wharf.metadata.settings import GARBAGE


async def test_sweeps_add_up_and_the_last_one_is_told(registry):
    history = History(registry.settings)
    assert await history.past() == Past()
    await history.swept(Report(manifests_deleted=1, blobs_deleted=2, uploads=3, freed=100, blobs_kept=7), 50.0, 1.5)
    await history.swept(Report(blobs_deleted=1, freed=11, manifests_kept=4, blobs_kept=6), 60.0, 2.5)
    past = await history.past()
    assert past == Past(60.0, 2.5, "", Sums(0, 1, 0, 11), Sums(1, 3, 3, 111), 4, 6)
    assert report(past) == {
        "lastRun": "1970-01-01T00:01:00.000000Z",
        "nextRun": "",
        "seconds": 2.5,
        "error": "",
        "freed": 11,
        "manifestsDeleted": 0,
        "blobsDeleted": 1,
        "uploadsEnded": 0,
        "manifestsKept": 4,
        "blobsKept": 6,
        "blobsDoubted": 0,
        "total": {"manifests": 1, "blobs": 3, "uploads": 3, "freed": 111},
    }


async def test_a_sweep_that_failed_is_told_and_the_sums_stay(registry):
    history = History(registry.settings)
    await history.swept(Report(freed=100), 50.0, 1.5)
    await history.failed("the disk refuses", 60.0, 0.1)
    past = await history.past()
    assert (past.last_run, past.error, past.total.freed) == (60.0, "the disk refuses", 100)
    await history.swept(Report(), 70.0, 0.1)
    assert (await history.past()).error == ""


async def test_a_past_that_cannot_be_read_is_none(registry):
    await registry.settings.put({GARBAGE: "?"})
    assert report(await History(registry.settings).past())["lastRun"] == ""
