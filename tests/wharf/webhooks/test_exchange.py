"""Requests and answers on one connection to a server that answers as it is told."""

import asyncio
import contextlib
import ipaddress

import pytest
import uvloop

from wharf.webhooks import exchange
from wharf.webhooks.attempt import Endpoint, Outcome
from wharf.webhooks.exchange import Answer, AnswerError, Connection, StaleError
from wharf.webhooks.networks import Networks

LOOPBACK = Networks(allowed=(ipaddress.ip_network("127.0.0.0/8"),))
REQUEST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


class Server:
    """Answers each request with the next of `answers`; None: hangs up."""

    def __init__(self):
        self.answers, self.requests = [], 0
        self.gone = asyncio.Event()

    async def serve(self, reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                self.requests += 1
                answer = self.answers.pop(0)
                if answer is None:
                    break
                writer.write(answer)
                await writer.drain()
        self.gone.set()
        writer.close()


@pytest.fixture
async def server():
    return Server()


@pytest.fixture
async def connection(server):
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
    yield connection
    connection.abort()
    async with asyncio.timeout(10):
        await server.gone.wait()
    listening.close()
    await asyncio.sleep(0)


async def test_a_connection_is_used_again(server, connection):
    server.answers = [NO_CONTENT, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", NO_CONTENT]
    assert await connection.ask(REQUEST) == Answer(204, "No Content")
    assert await connection.ask(REQUEST) == Answer(200, "OK", "", b"ok")
    assert await connection.ask(REQUEST) == Answer(204, "No Content")
    assert connection.usable


async def test_interim_answers_are_passed_over(server, connection):
    hints = b"HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\n"
    server.answers = [hints + hints + b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"]
    answer = await connection.ask(REQUEST)
    assert (answer.status, answer.reason, answer.retry_after) == (503, "Busy", "7")
    assert connection.usable


async def test_interim_answers_without_end_are_an_error(server, connection):
    server.answers = [b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000]
    with pytest.raises(AnswerError, match="more than 32 KiB of headers"):
        await connection.ask(REQUEST)
    assert not connection.usable


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n\x00\x01",
        b"HTTP/1.1 101 Oh\r\n\r\nmore",
    ],
)
async def test_another_protocol_is_an_answer_and_the_end(server, connection, answer):
    server.answers = [answer]
    assert (await connection.ask(REQUEST)).status == 101
    assert not connection.usable


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        NO_CONTENT * 2,
        NO_CONTENT + b"nonsense",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n" + b"x" * 10_000_000,
    ],
)
async def test_a_connection_that_ends_or_says_more_than_was_asked_is_not_used_again(server, connection, answer):
    server.answers = [answer]
    assert (await connection.ask(REQUEST)).status in (200, 204)
    assert not connection.usable


async def test_of_a_long_body_the_beginning_is_kept(server, connection):
    server.answers = [b"HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n2000\r\n" + b"y" * 8192 + b"\r\n"]
    assert (await connection.ask(REQUEST)).content == b"y" * exchange.ANSWER_LIMIT


async def test_what_nobody_asked_for_ends_an_idle_connection(server, connection):
    server.answers = [NO_CONTENT]
    await connection.ask(REQUEST)
    connection.data_received(NO_CONTENT)
    assert not connection.usable


async def test_an_idle_connection_ends_before_servers_end_it(server, connection, monkeypatch):
    monkeypatch.setattr(exchange, "KEEPALIVE", 0.01)
    server.answers = [NO_CONTENT]
    await connection.ask(REQUEST)
    async with asyncio.timeout(10):
        await server.gone.wait()
    assert not connection.usable


async def test_a_connection_that_was_used_and_is_gone_is_stale_and_a_fresh_one_is_not(server, connection):
    server.answers = [NO_CONTENT, None]
    await connection.ask(REQUEST)
    with pytest.raises(StaleError):
        await connection.ask(REQUEST)
    with pytest.raises(StaleError):
        await connection.ask(REQUEST)


async def test_an_answer_that_is_none_from_a_fresh_connection_is_no_stale_one(server, connection):
    server.answers = [None]
    with pytest.raises(AnswerError, match="without an answer") as caught:
        await connection.ask(REQUEST)
    assert not isinstance(caught.value, StaleError)


async def test_lines_that_end_without_a_carriage_return_are_understood(server, connection):
    server.answers = [b"HTTP/1.1 200 OK\nContent-Length: 0\n\n"]
    assert (await connection.ask(REQUEST)).status == 200


def test_it_works_in_the_loop_that_wharf_runs_in(hook):
    """Whose transports are no subclasses of asyncio's."""

    async def run():
        server = Server()
        server.answers = [NO_CONTENT, NO_CONTENT, None]
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        endpoint = Endpoint(hook(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"), LOOPBACK)
        outcomes = [await endpoint.post("event-1", "application/json", b"{}", 0.0) for _ in range(2)]
        await endpoint.close()
        await server.gone.wait()
        listening.close()
        return outcomes, server.requests

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(asyncio.wait_for(run(), 20)) == ([Outcome(), Outcome()], 2)
