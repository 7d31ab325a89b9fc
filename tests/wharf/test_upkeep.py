"""Jobs on the storage of a registry that is serving."""

import pytest

from wharf.garbage.plan import Verdict
from wharf.upkeep import NoStorageError, collect


async def gather(data, grace, *, dry_run):
    heard = []
    report = await collect(str(data), grace, heard.append, dry_run=dry_run)
    return report, {decision.digest: decision.verdict for decision in heard}


async def test_garbage_goes_and_what_a_manifest_names_stays_while_the_registry_serves(start, tmp_path):
    registry = start()
    registry.push_image("a", "v1", layers=[b"kept"])
    loose = registry.push_blob("a", b"loose")
    kept = registry.push_blob("a", b"kept")
    report, heard = await gather(tmp_path / "data", 0.0, dry_run=True)
    assert (heard[loose], heard[kept], report.deleted) == (Verdict.DELETE, Verdict.KEEP, 1)
    assert registry.request("GET", f"/v2/a/blobs/{loose}").status == 200
    report, _ = await gather(tmp_path / "data", 0.0, dry_run=False)
    assert (report.deleted, report.freed) == (1, 5)
    assert registry.request("GET", f"/v2/a/blobs/{loose}").status == 404
    assert registry.request("GET", f"/v2/a/blobs/{kept}").body == b"kept"


async def test_what_a_push_may_still_count_on_stays(start, tmp_path):
    registry = start()
    loose = registry.push_blob("a", b"loose")
    report, _ = await gather(tmp_path / "data", 60.0, dry_run=False)
    assert report.deleted == 0
    assert registry.request("GET", f"/v2/a/blobs/{loose}").status == 200


async def test_a_wrong_path_is_an_error_and_stays_empty(tmp_path):
    with pytest.raises(NoStorageError, match="--data"):
        await gather(tmp_path / "none", 60.0, dry_run=False)
    assert not (tmp_path / "none").exists()
