"""Bytes are hashed and written as they come, within bounds."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from wharf.blobs.interface import NoSpaceError
from wharf.blobs.receiver import BUFFER, receive
from wharf.blobs.session import Session


@pytest.fixture
def pool():
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture
def session(tmp_path):
    (tmp_path / "session").write_bytes(b"")
    with Session(tmp_path / "session") as session:
        yield session


@pytest.mark.parametrize("size", [0, 1, 70_000, BUFFER - 1, BUFFER, BUFFER + 1, 3 * BUFFER + 5])
@pytest.mark.parametrize("step", [4_096, 65_536, 2_000_000])
async def test_every_byte_arrives_in_order(session, pool, chunks, tmp_path, size, step):
    content = os.urandom(size)
    await receive(session, chunks(content, step), pool)
    assert (tmp_path / "session").read_bytes() == content


async def test_at_most_two_buffers_are_in_memory(session, pool, monkeypatch):
    taken = handed = 0
    write = Session.write

    def count(session, pieces):
        nonlocal handed
        write(session, pieces)
        handed += sum(map(len, pieces))

    monkeypatch.setattr(Session, "write", count)

    async def endless():
        nonlocal taken
        for _ in range(64):
            taken += 1 << 18
            yield bytes(1 << 18)
            assert taken - handed <= 2 * BUFFER
            await asyncio.sleep(0)

    await receive(session, endless(), pool)
    assert handed == 64 << 18


async def test_a_write_that_fails_stops_the_upload(session, pool, chunks, monkeypatch):
    def full(session, pieces):
        raise NoSpaceError("full")

    monkeypatch.setattr(Session, "write", full)
    for size in (10, BUFFER, 5 * BUFFER):
        with pytest.raises(NoSpaceError):
            await receive(session, chunks(bytes(size)), pool)
