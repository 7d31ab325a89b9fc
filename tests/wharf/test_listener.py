"""Listening sockets, and the end of a listener as clients see it."""

import asyncio
import socket

import pytest

from wharf.listener import AddressError, Listener, bind


@pytest.mark.parametrize("address", ["", "5000", "host:", "host:x", "host:70000", "no.such.host.invalid:1"])
def test_an_address_that_cannot_be_used_is_said(address):
    with pytest.raises(AddressError):
        bind(address)


def test_a_port_that_is_taken_is_said():
    with bind("127.0.0.1:0") as taken, pytest.raises(AddressError, match="in use"):
        bind(f"127.0.0.1:{taken.getsockname()[1]}")


async def hello(scope, receive, send):
    del scope, receive
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"hi"})


async def ask(reader, writer):
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    assert await reader.readexactly(2) == b"hi"
    return head


async def test_who_is_dismissed_gets_a_last_answer_and_who_has_just_come_gets_one_too():
    listener = Listener(hello, None)
    port = await listener.start(bind("127.0.0.1:0"))
    used = await asyncio.open_connection("127.0.0.1", port)
    assert b"connection: close" not in await ask(*used)
    new = await asyncio.open_connection("127.0.0.1", port)
    listener.dismiss()
    assert b"connection: close" in await ask(*used)
    assert await used[0].read() == b""
    async with asyncio.timeout(10):
        while not listener.expects():  # noqa: ASYNC110 - nothing tells when a connection is there
            await asyncio.sleep(0.01)
    listener.stop()
    await asyncio.sleep(0)
    assert b"connection: close" in await ask(*new)
    await listener.ended()
    for _, writer in (used, new):
        writer.close()
        await writer.wait_closed()
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
        pass
