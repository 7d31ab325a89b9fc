"""Connections that are passed on, byte for byte."""

import asyncio
import contextlib
import os

import pytest

from wharf.listener import bind
from wharf.standby import relay as relays
from wharf.standby.relay import Relay


class Place:
    """A relay, and a server behind it that answers all that it got once the client sends no more."""

    def __init__(self):
        self.goal = ""
        listening = bind("127.0.0.1:0")
        self.port = listening.getsockname()[1]
        self.relay = Relay(listening, lambda: self.goal)
        self.relay.accept()
        self.server = None

    async def serve(self, answer):
        self.server = await asyncio.start_server(answer, "127.0.0.1", 0)
        self.goal = f"127.0.0.1:{self.server.sockets[0].getsockname()[1]}"

    async def connect(self):
        return await asyncio.open_connection("127.0.0.1", self.port)


async def echo(reader, writer):
    while piece := await reader.read(65536):
        writer.write(piece)
        await writer.drain()
    writer.write_eof()
    await writer.drain()
    writer.close()


@pytest.fixture
async def place():
    made = Place()
    yield made
    await made.relay.end(0)
    if made.server is not None:
        made.server.close()


async def exchange(reader, writer, content):
    writer.write(content)
    writer.write_eof()
    async with asyncio.timeout(20):
        got = await reader.read()
    writer.close()
    await writer.wait_closed()
    return got


async def test_everything_arrives_and_one_direction_may_end_before_the_other(place):
    await place.serve(echo)
    content = os.urandom(5_000_000)
    assert await exchange(*await place.connect(), content) == content


async def test_a_connection_waits_until_somebody_is_there(place):
    waiting = asyncio.create_task(exchange(*await place.connect(), b"hello"))
    done, _ = await asyncio.wait({waiting}, timeout=3 * relays.RETRY)
    assert not done
    assert not await place.relay.reachable()
    await place.serve(echo)
    assert await place.relay.reachable()
    assert await waiting == b"hello"


@pytest.mark.parametrize("rubbish", ["nowhere", "127.0.0.1:999999", "127.0.0.1:x", "a" * 70 + ":1"])
async def test_a_connection_waits_while_what_is_said_of_the_active_one_is_rubbish(place, rubbish):
    place.goal = rubbish
    assert not await place.relay.reachable()
    waiting = asyncio.create_task(exchange(*await place.connect(), b"hello"))
    done, _ = await asyncio.wait({waiting}, timeout=3 * relays.RETRY)
    assert not done
    await place.serve(echo)
    assert await waiting == b"hello"


async def test_nobody_waits_for_ever(place, monkeypatch):
    monkeypatch.setattr(relays, "HOLD", 0.2)
    assert await exchange(*await place.connect(), b"") == b""


async def test_what_breaks_off_behind_breaks_off_in_front(place):
    async def cut(reader, writer):
        await reader.read(1)
        writer.transport.abort()

    await place.serve(cut)
    reader, writer = await place.connect()
    writer.write(b"x")
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    writer.close()


async def test_a_server_that_takes_nothing_is_sent_no_more_than_fits(place):
    taking = asyncio.Event()

    async def slow(reader, writer):
        await taking.wait()
        await echo(reader, writer)

    await place.serve(slow)
    reader, writer = await place.connect()
    content = bytes(64 << 20)
    writer.write(content)
    flushing = asyncio.create_task(writer.drain())
    await asyncio.wait({flushing}, timeout=1)
    assert writer.transport.get_write_buffer_size() > 32 << 20  # it is here, and not in the relay's memory
    taking.set()
    async with asyncio.timeout(30):
        assert await reader.readexactly(len(content)) == content
        await flushing
    writer.close()


async def test_connections_beyond_the_limit_and_those_of_a_pause_wait(place):
    await place.serve(echo)
    place.relay._most = 1
    first = await place.connect()
    first[1].write(b"1")
    assert await first[0].readexactly(1) == b"1"
    second = asyncio.create_task(exchange(*await place.connect(), b"2"))
    done, _ = await asyncio.wait({second}, timeout=0.3)
    assert not done
    assert await exchange(*first, b"x") == b"x"
    assert await second == b"2"
    place.relay.pause()
    third = asyncio.create_task(exchange(*await place.connect(), b"3"))
    done, _ = await asyncio.wait({third}, timeout=0.3)
    assert not done
    place.relay.accept()
    assert await third == b"3"


async def test_the_end_takes_those_that_wait_already_and_lets_them_finish(place):
    await place.serve(echo)
    place.relay.pause()
    reader, writer = await place.connect()
    ending = asyncio.create_task(place.relay.end(20))
    assert await exchange(reader, writer, b"last") == b"last"
    await ending
    with pytest.raises(ConnectionRefusedError):
        await place.connect()
    place.relay, listening = None, bind("127.0.0.1:0")
    place.relay = Relay(listening, lambda: "")
