"""Tags with their manifests, a page at a time."""

import pytest

from wharf.metadata import sqlite_tagged
from wharf.metadata.sqlite_tagged import SqliteTagReader
from wharf.metadata.tagged import Selection


@pytest.fixture
async def reader(index, manifest, clock):
    for number, tag in enumerate(("b", "a", "c"), start=1):
        clock.now += 10
        await index.put_manifest(manifest(number, tags=(tag,)), [])
    await index.put_manifest(manifest(9, repository="team/other", tags=("z",)), [])
    return SqliteTagReader(index)


@pytest.mark.parametrize(
    ("order", "names"), [("newest", "cab"), ("oldest", "bac"), ("name", "abc"), ("name-descending", "cba")]
)
async def test_tags_come_in_the_order_that_is_asked_for(reader, order, names):
    count, found = await reader.tagged("team/app", Selection(0, 10, order))
    assert (count, "".join(one.name for one in found)) == (3, names)


async def test_a_page_is_a_part_and_the_count_is_of_all(reader, manifest, clock):
    count, found = await reader.tagged("team/app", Selection(1, 1, "name"))
    assert (count, [one.name for one in found]) == (3, ["b"])
    assert (found[0].digest, found[0].content) == (manifest(1).digest, manifest(1).content)
    assert found[0].updated == clock.now - 20
    assert await reader.tagged("team/app", Selection(3, 5)) == (3, [])


async def test_names_can_be_searched_for_and_nothing_in_them_is_a_pattern(reader):
    assert (await reader.tagged("team/app", Selection(0, 10, containing="a")))[0] == 1
    assert await reader.tagged("team/app", Selection(0, 10, containing="%")) == (0, [])
    assert await reader.tagged("nowhere", Selection(0, 10)) == (0, [])


async def test_one_tag(reader, manifest):
    assert (await reader.one("team/app", "a")).digest == manifest(2).digest
    assert await reader.one("team/app", "z") is None


async def test_a_manifest_that_is_no_pleasure_to_read_is_told_of_without_its_content(index, manifest, monkeypatch):
    monkeypatch.setattr(sqlite_tagged, "LEGIBLE", 10)
    short, long = manifest(1, tags=("short",)), manifest(10, tags=("long",))
    for put in (short, long):
        await index.put_manifest(put, [])
    reader = SqliteTagReader(index)
    assert [len(one.content) for one in (await reader.tagged("team/app", Selection(0, 9, "name")))[1]] == [0, 10]
    digests = [short.digest, long.digest, manifest(3).digest]
    assert await reader.contents("team/app", digests) == {short.digest: short.content, long.digest: b""}
    assert await reader.contents("nowhere", digests) == {}
