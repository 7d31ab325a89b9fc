"""Names are looked up by the system, each in a thread of its own."""

import asyncio
import socket
import threading

import pytest

from wharf.webhooks.names import Resolver


async def test_a_name_has_its_addresses():
    found = await Resolver().resolve("localhost", 80, socket.AF_INET)
    assert found[0]["host"].startswith("127.")
    assert (found[0]["hostname"], found[0]["port"]) == ("localhost", 80)


@pytest.mark.parametrize(("text", "address"), [("2130706433", "127.0.0.1"), ("0177.1", "127.0.0.1")])
async def test_a_number_in_another_form_is_an_address_like_any(text, address):
    assert (await Resolver().resolve(text, 80))[0]["host"] == address


@pytest.mark.parametrize("name", ["nothing.invalid", "a" * 70 + ".example", "a..b"])
async def test_a_name_that_leads_nowhere_is_an_error(name):
    with pytest.raises(OSError, match=r"\w"):
        await Resolver().resolve(name, 80)


async def test_look_ups_that_hang_hold_up_no_other(monkeypatch):
    gate, real = threading.Event(), socket.getaddrinfo

    def look_up(host, *others):
        if host == "hangs":
            gate.wait(10)
        return real("127.0.0.1", *others)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    hanging = [asyncio.create_task(Resolver().resolve("hangs", 80)) for _ in range(40)]
    await asyncio.sleep(0)
    assert await Resolver().resolve("other", 80)
    hanging[0].cancel()
    gate.set()
    await asyncio.gather(*hanging[1:])
