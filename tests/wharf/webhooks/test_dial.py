"""Connecting: each address of a name is judged, and the next is tried when one does not answer."""

import asyncio
import ipaddress
import socket

import pytest
from aiohttp.test_utils import unused_port

from wharf.webhooks.dial import NoConnectionError, dial
from wharf.webhooks.networks import Networks, RefusedAddressError
from wharf.webhooks.target import Target

LOOPBACK = Networks(allowed=(ipaddress.ip_network("127.0.0.0/8"),))


@pytest.fixture
async def port():
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


@pytest.fixture
def names(monkeypatch):
    """Lets a name have these addresses, each with its port."""

    def have(*addresses):
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    return have


async def test_the_next_address_is_tried_when_one_is_not_there(names, port):
    names(("127.0.0.1", unused_port()), ("127.0.0.1", port))
    connection = await dial(Target.of("http://two.example"), LOOPBACK, None)
    assert connection.usable
    connection.abort()
    await asyncio.sleep(0)


async def test_an_address_that_is_refused_is_passed_over_for_one_that_is_not(names, port):
    names(("169.254.169.254", port), ("127.0.0.1", port))
    connection = await dial(Target.of("http://two.example"), LOOPBACK, None)
    connection.abort()
    await asyncio.sleep(0)


async def test_where_none_is_there_the_error_says_of_which_host(names):
    names(("127.0.0.1", unused_port()))
    with pytest.raises(NoConnectionError, match=r"Cannot connect to none\.example"):
        await dial(Target.of("http://none.example/?token"), LOOPBACK, None)


async def test_a_refusal_speaks_for_itself(names, port):
    names(("127.0.0.1", port))
    with pytest.raises(RefusedAddressError, match=r"^127\.0\.0\.1 is loopback"):
        await dial(Target.of("http://none.example"), Networks(), None)
