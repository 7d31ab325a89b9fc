"""Names are looked up by the system, each in a thread of its own."""

import asyncio
import socket
import threading

import pytest

from wharf.webhooks.names import resolve


async def test_a_name_has_its_addresses():
    found = await resolve("localhost", 80)
    assert {address for *_, address in found} & {("127.0.0.1", 80), ("::1", 80, 0, 0)}
    assert {kind for _, kind, *_ in found} == {socket.SOCK_STREAM}


@pytest.mark.parametrize(("text", "address"), [("2130706433", "127.0.0.1"), ("0177.1", "127.0.0.1")])
async def test_a_number_in_another_form_is_an_address_like_any(text, address):
    assert (await resolve(text, 80))[0][4] == (address, 80)


@pytest.mark.parametrize("text", ["127.0.0.1", "::1", "fe80::1%1"])
async def test_an_address_is_looked_up_nowhere_and_needs_no_thread(text, monkeypatch):
    monkeypatch.setattr(threading.Thread, "start", lambda thread: pytest.fail(f"started {thread.name}"))
    ((family, *_, (address, *_)),) = await resolve(text, 80)
    assert family == (socket.AF_INET6 if ":" in text else socket.AF_INET)
    assert address.partition("%")[0] == text.partition("%")[0]


@pytest.mark.parametrize("name", ["nothing.invalid", "a" * 70 + ".example", "a..b"])
async def test_a_name_that_leads_nowhere_is_an_error(name):
    with pytest.raises(OSError, match=r"\w"):
        await resolve(name, 80)


async def test_look_ups_that_hang_hold_up_no_other(monkeypatch):
    gate, real = threading.Event(), socket.getaddrinfo

    def look_up(host, *others, **named):
        if host == "hangs":
            gate.wait(10)
        return real("127.0.0.1", *others, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    hanging = [asyncio.create_task(resolve("hangs", 80)) for _ in range(40)]
    await asyncio.sleep(0)
    assert await resolve("other", 80)
    hanging[0].cancel()
    gate.set()
    await asyncio.gather(*hanging[1:])
