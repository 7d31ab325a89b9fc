"""Pieces of files, with the page cache and without."""

import asyncio
import errno
import os
import threading

import pytest

from wharf.http import files
from wharf.http.files import DamagedContentError, open_checked, pieces
from wharf.http.messages import FileBody
from wharf.protocol.errors import Problem, RegistryError


@pytest.fixture
def path(tmp_path):
    (tmp_path / "content").write_bytes(os.urandom(300_000))
    return tmp_path / "content"


async def read(path, start, length):
    descriptor = open_checked(FileBody(str(path), path.stat().st_size, start, length))
    try:
        return [piece async for piece in pieces(descriptor, start, length)]
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("cached", [True, False])
async def test_a_range_comes_in_pieces(path, monkeypatch, cached):
    monkeypatch.setattr(files, "LARGE_PIECE", 65536)
    monkeypatch.setattr(files, "cached", lambda *_: cached)
    found = await read(path, 10, 200_000)
    assert b"".join(found) == path.read_bytes()[10:200_010]
    assert max(map(len, found)) == 65536


async def test_pieces_are_smaller_while_many_are_sent(path, monkeypatch):
    monkeypatch.setattr(files, "PIECE", 1000)
    descriptor = os.open(path, os.O_RDONLY)
    under_way = [pieces(descriptor, 0, 300_000) for _ in range(files.FEW + 1)]
    sizes = [len(await anext(answer)) for answer in under_way]
    assert sizes == [300_000] * files.FEW + [1000]
    await under_way[0].aclose()
    assert len(await anext(under_way[-1])) == 299_000
    for answer in under_way:
        await answer.aclose()
    os.close(descriptor)
    assert not files._under_way


async def test_a_file_stays_open_until_the_thread_that_reads_it_has_ended(path, monkeypatch):
    begun, go_on, original = threading.Event(), threading.Event(), os.pread
    found = []

    def slow(descriptor, size, at):
        begun.set()
        assert go_on.wait(10)
        found.append(original(descriptor, size, at))
        return found[0]

    monkeypatch.setattr(files, "cached", lambda *_: False)
    monkeypatch.setattr(os, "pread", slow)
    task = asyncio.create_task(read(path, 0, 300_000))
    await asyncio.sleep(0)
    assert begun.wait(10)
    for _ in range(2):  # as a server that ends does
        task.cancel()
        for _ in range(9):
            await asyncio.sleep(0)
    other = os.open(__file__, os.O_RDONLY)  # would get the number of a descriptor that was closed
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    os.close(other)
    assert found == [path.read_bytes()]
    assert not files._under_way


async def test_the_disk_is_asked_for_what_comes_next_and_for_no_more(path, monkeypatch):
    asked = []
    monkeypatch.setattr(files, "LARGE_PIECE", 65536)
    monkeypatch.setattr(files, "AHEAD", 100_000)
    monkeypatch.setattr(files, "cached", lambda *_: False)
    monkeypatch.setattr(os, "posix_fadvise", lambda _, start, length, advice: asked.append((start, length, advice)))
    assert b"".join(await read(path, 1, 200_000)) == path.read_bytes()[1:200_001]
    # Pieces end at 65536, 131072, 196608 and 200000.
    assert asked == [
        (start, length, os.POSIX_FADV_WILLNEED)
        for start, length in ((1, 100_000), (65537, 100_000), (131073, 68_928), (196609, 3392))
    ]


async def test_a_file_of_another_size_or_none_is_damaged(path):
    for bad in (FileBody(str(path), 5, 0, 5), FileBody(str(path) + "x", 5, 0, 5)):
        with pytest.raises(RegistryError, match="push it again"):
            open_checked(bad)


async def test_too_many_open_files_are_no_damage(path, monkeypatch):
    def too_many(*_):
        raise OSError(errno.EMFILE, "Too many open files")

    doubts = []
    monkeypatch.setattr(os, "open", too_many)
    with pytest.raises(RegistryError) as refused:
        open_checked(FileBody(str(path), 300_000, 0, 5, doubt=lambda: doubts.append("doubted")))
    assert (refused.value.problem, doubts) == (Problem.UNAVAILABLE, [])


async def test_a_file_that_shrinks_meanwhile_is_no_short_answer(path):
    descriptor = os.open(path, os.O_RDONLY)
    os.truncate(path, 100)
    with pytest.raises(DamagedContentError):
        [piece async for piece in pieces(descriptor, 0, 300_000)]
    os.close(descriptor)
