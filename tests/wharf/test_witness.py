"""An index that was lost, or put back from a backup, is doubted, and nothing goes by what it says."""

import shutil

import pytest

from wharf.blobs.interface import StoreUnavailableError
from wharf.metadata.interface import IndexUnavailableError
from wharf.metadata.settings import MARK
from wharf.witness import IndexDoubtedError, Witness

DAY = 86400.0


class Texts:
    """The settings of an index."""

    def __init__(self):
        self.values = {}

    async def get(self, name):
        return self.values.get(name, "")

    async def put(self, values):
        self.values |= values


@pytest.fixture
def index():
    return Texts()


@pytest.fixture
def witness(index, tmp_path):
    return Witness(index, tmp_path / "mark")


async def test_an_index_is_believed_for_as_long_as_it_is_the_same(witness):
    for _ in range(12):
        assert await witness.look()


async def test_an_index_that_was_lost_is_doubted_until_it_is_trusted(witness, index):
    assert await witness.look()
    index.values.clear()
    for _ in range(2):
        assert not await witness.look()
    await witness.trust()
    assert await witness.look()


async def test_an_older_copy_is_doubted_and_the_right_index_is_believed_again(witness, index):
    await witness.look()
    copy = dict(index.values)
    await witness.look()
    right, index.values = index.values, copy
    assert not await witness.look()
    assert index.values == copy
    index.values = right
    assert await witness.look()


async def test_an_index_that_was_trusted_makes_the_former_one_doubtful(witness, index):
    await witness.look()
    former = dict(index.values)
    await witness.trust()
    index.values = former
    assert not await witness.look()


async def test_a_crash_between_both_marks_raises_no_doubt(witness, index, tmp_path):
    await witness.look()
    before = (tmp_path / "mark").read_bytes()
    await witness.look()
    (tmp_path / "mark").write_bytes(before)
    assert await witness.look()


@pytest.mark.parametrize("content", [b"", b"{", b'{"id": 1}'])
async def test_a_mark_that_cannot_be_read_is_made_anew(witness, tmp_path, content):
    (tmp_path / "mark").write_bytes(content)
    assert await witness.look()
    assert await witness.look()


async def test_an_index_that_cannot_be_asked_says_nothing_of_the_content(witness, index, monkeypatch, tmp_path):
    async def broken(name):
        raise IndexUnavailableError

    await witness.look()
    before = (tmp_path / "mark").read_bytes()
    monkeypatch.setattr(index, "get", broken)
    with pytest.raises(IndexUnavailableError):
        await witness.look()
    assert (tmp_path / "mark").read_bytes() == before


async def test_whoever_holds_the_mark_for_ever_is_not_waited_for(witness, tmp_path, monkeypatch):
    monkeypatch.setattr("wharf.witness.TRIES", 2)
    async with Witness(Texts(), tmp_path / "mark")._opened():
        with pytest.raises(StoreUnavailableError, match="does not let go"):
            await witness.look()


async def test_the_mark_is_in_the_index(witness, index):
    await witness.look()
    assert index.values[MARK].startswith('{"id":"')


def test_the_number_of_blobs_at_stake_is_told_with_the_remedy():
    assert "1 blob that it does not know is stored" in str(IndexDoubtedError(1))
    assert "wharf gc --trust-index" in str(IndexDoubtedError(2))


def test_a_registry_whose_index_was_put_back_from_a_backup_keeps_what_was_pushed_since(start, tmp_path, monkeypatch):
    monkeypatch.setattr("wharf.garbage.plan.QUIET", 0.0)
    settings = {"garbageCollection": {"gracePeriod": 0}}
    registry = start(**settings)
    registry.push_image("a", "v1", layers=[b"before"])
    registry.stop()
    shutil.copytree(tmp_path / "data", tmp_path / "backup")
    registry = start(**settings)
    layer = registry.push_blob("a", b"after")
    registry.stop()
    for file in (tmp_path / "data").glob("index.db*"):
        file.unlink()
    shutil.copy(tmp_path / "backup" / "index.db", tmp_path / "data" / "index.db")
    registry = start(**settings)
    registry.call(sweep, registry)
    garbage = registry.request("GET", "/status", admin=True).json()["garbageCollection"]
    assert (garbage["blobsDoubted"], garbage["blobsDeleted"]) == (1, 0)
    assert "wharf gc --trust-index" in garbage["error"]
    metrics = registry.request("GET", "/metrics", admin=True).body
    assert b"\nwharf_garbage_doubted_blobs 1\n" in metrics
    assert b"\nwharf_garbage_failed 1\n" in metrics
    assert registry.wharf._blobs.path(layer) is not None


async def sweep(registry):
    await registry.wharf._background._routine.once()
