"""A range is read as it was stored, or not at all."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from wharf.blobs.interface import ContentLostError
from wharf.blobs.reader import FileReader

CONTENT = os.urandom(3 << 20)


@pytest.fixture
def pool():
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.fixture
def path(tmp_path):
    (tmp_path / "content").write_bytes(CONTENT)
    return tmp_path / "content"


async def collect(reader):
    return b"".join([piece async for piece in reader])


async def test_what_the_page_cache_does_not_have_is_read_by_a_thread(path, pool, monkeypatch):
    def never(*_):
        raise BlockingIOError

    monkeypatch.setattr(os, "preadv", never)
    assert await collect(FileReader(path, 1, len(CONTENT) - 2, pool)) == CONTENT[1:-1]


async def test_a_file_shorter_than_recorded_is_an_error_before_the_first_byte(path, pool):
    with pytest.raises(ContentLostError, match="shorter"):
        FileReader(path, 1, len(CONTENT), pool)


async def test_a_file_that_becomes_shorter_is_an_error_and_not_an_end(path, pool):
    reader = FileReader(path, 0, len(CONTENT), pool)
    first = await anext(reader)
    os.truncate(path, len(first))
    with pytest.raises(ContentLostError, match="became shorter"):
        await collect(reader)


async def test_a_closed_reader_has_ended(path, pool):
    reader = FileReader(path, 0, len(CONTENT), pool)
    await reader.aclose()
    assert await collect(reader) == b""
