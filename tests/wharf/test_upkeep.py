"""The storage of a registry, opened for one job beside a registry that serves."""

import pytest

from wharf.upkeep import NoStorageError, opened


async def test_a_job_works_on_what_the_registry_serves(start, tmp_path):
    registry = start()
    registry.push_image("a", "v1", layers=[b"layer"])
    with opened(str(tmp_path / "data")) as storage:
        assert await storage.index.repositories("", 9) == ["a"]
        await storage.index.delete_tag("a", "v1", [])
    assert registry.request("GET", "/v2/a/manifests/v1").status == 404


def test_a_wrong_path_is_an_error_and_stays_empty(tmp_path):
    with pytest.raises(NoStorageError, match="--data"), opened(str(tmp_path / "none")):
        pass
    assert not (tmp_path / "none").exists()


async def test_a_job_that_may_makes_the_storage(tmp_path):
    with opened(str(tmp_path / "new"), create=True) as storage:
        assert await storage.index.repositories("", 9) == []
    assert (tmp_path / "new" / "index.db").exists()
