"""The contract of the inventory: every implementation passes this suite."""

import pytest

from wharf.metadata.inventory import Content
from wharf.metadata.sqlite_inventory import SqliteInventory


@pytest.fixture
def inventory(index):
    return SqliteInventory(index)


async def test_content_comes_with_what_needs_it(index, inventory, blob, manifest, clock):
    begin = clock.now
    await index.put_blob("team/app", blob(1))
    await index.put_manifest(manifest(1, (1,)), [])
    await index.put_manifest(manifest(2, (1,)), [])
    clock.now += 10
    await index.put_blob("team/app", blob(2))
    await index.put_blob("x", blob(1))
    clock.now += 10
    await index.mount_blob("y", blob(1).digest, "x", [])
    assert await inventory.contents("", 9) == sorted(
        [
            Content(blob(1).digest, 1, 2, 2, begin + 10, begin + 20),
            Content(blob(2).digest, 2, 0, 1, begin + 10, begin + 10),
        ],
        key=lambda content: content.digest,
    )


async def test_content_comes_a_page_at_a_time(index, inventory, blob):
    digests = sorted(blob(number).digest for number in range(5))
    for number in range(5):
        await index.put_blob("team/app", blob(number))
    first = await inventory.contents("", 3)
    rest = await inventory.contents(first[-1].digest, 3)
    assert [content.digest for content in first + rest] == digests
    assert await inventory.contents(digests[-1], 3) == []


async def test_holds_end_when_they_are_old_and_no_manifest_backs_them(index, inventory, blob, manifest, clock):
    for number in (1, 2, 3):
        await index.put_blob("team/app", blob(number))
    await index.put_blob("x", blob(1))
    await index.put_manifest(manifest(1, (1,)), [])
    clock.now += 100
    await index.put_blob("team/app", blob(3))
    digests = [blob(number).digest for number in (1, 2, 3, 4)]
    assert await inventory.release(digests, clock.now - 50) == [blob(2).digest]
    assert await inventory.unknown(digests) == [blob(2).digest, blob(4).digest]
    assert await inventory.holders(blob(1).digest, 9) == ["team/app"]
    assert await inventory.holders(blob(3).digest, 9) == ["team/app"]


async def test_a_deleted_hold_gives_the_content_its_time(index, inventory, blob, clock):
    await index.put_blob("team/app", blob(1))
    clock.now += 100
    await index.delete_blob("team/app", blob(1).digest, [])
    assert await inventory.release([blob(1).digest], clock.now - 50) == []
    assert await inventory.release([blob(1).digest], clock.now + 50) == [blob(1).digest]


async def test_repositories_of_nothing_are_dropped(index, inventory, blob, manifest, clock):
    await index.put_blob("a", blob(1))
    await index.put_blob("b", blob(1))
    await index.put_manifest(manifest(1, repository="c"), [])
    assert await inventory.drop_empty_repositories() == 0
    await index.delete_blob("a", blob(1).digest, [])
    assert await inventory.drop_empty_repositories() == 1
    assert await index.repositories("", 9) == ["c"]


async def test_holders_come_in_byte_order(index, inventory, blob):
    for name in ("b", "a", "c"):
        await index.put_blob(name, blob(1))
    assert await inventory.holders(blob(1).digest, 2) == ["a", "b"]
    assert await inventory.holders(blob(2).digest, 2) == []


async def test_what_is_not_durable_is_known(index, inventory, blob, manifest):
    for number in (1, 2, 3):
        await index.put_blob("team/app", blob(number))
    await index.put_manifest(manifest(1, (1,)), [])
    assert await inventory.volatile() == [blob(2).digest, blob(3).digest]
    await inventory.durable([blob(2).digest])
    await inventory.lost([blob(3).digest])
    assert await inventory.volatile() == []
    assert await index.get_blob("team/app", blob(3).digest) is None


async def test_the_boot_is_noted(inventory):
    assert await inventory.boot() == ""
    await inventory.note_boot("1")
    await inventory.note_boot("2")
    assert await inventory.boot() == "2"
