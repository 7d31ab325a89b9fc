"""An endpoint that answers too slowly, without end, or what is no HTTP costs one attempt, and no more than its time."""

import asyncio
import contextlib

import pytest
from tests.wharf.webhooks.attempting import LOOPBACK, NOW, attempt

from wharf.webhooks import envelope
from wharf.webhooks.attempt import Endpoint, Outcome


@pytest.fixture
async def raw():
    """Starts servers that answer as they are told, below HTTP."""
    servers, serving = [], []

    async def start(answer):
        async def serve(reader, writer):
            serving.append(asyncio.current_task())
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await reader.readuntil(b"\r\n\r\n")
                await answer(writer)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        servers.append(server)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"

    yield start
    for server in servers:
        server.close()
    for task in serving:
        task.cancel()
    await asyncio.gather(*serving)
    await asyncio.sleep(0)  # transports close a turn later


async def test_an_answer_that_comes_letter_by_letter_is_given_up_in_time(raw, hook):
    async def drip(writer):
        for letter in b"HTTP/1.1 200 OK\r\nA: " + b"x" * 1000:
            writer.write(bytes([letter]))
            await writer.drain()
            await asyncio.sleep(0.01)

    assert await attempt(hook(await raw(drip), timeout=0.2)) == Outcome("no answer within 0.2 s")


@pytest.mark.parametrize(("status", "error"), [(b"200 OK", ""), (b"500 Oh", "500 Oh")])
async def test_of_a_body_that_never_ends_the_status_counts(raw, hook, status, error, monkeypatch):
    monkeypatch.setattr("wharf.webhooks.exchange.ANSWER_SECONDS", 0.05)

    async def answer(writer):
        writer.write(b"HTTP/1.1 %b\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n" % status)
        await asyncio.sleep(5)

    assert (await attempt(hook(await raw(answer), timeout=60.0))).error == error


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"", "closed the connection without an answer"),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 100\r\n\r\nhalf", "500 Oh"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: " + b"x" * 100_000 + b"\r\n\r\n", "more than 32 KiB of headers"),
        (b"not HTTP at all\r\n\r\n", "answer is not HTTP"),
    ],
)
async def test_an_endpoint_that_ends_in_the_middle_or_talks_nonsense_is_an_outcome(raw, hook, sent, said):
    async def answer(writer):
        writer.write(sent)
        await writer.drain()

    error = (await attempt(hook(f"{await raw(answer)}?token=geheim"))).error
    assert said in error
    assert "geheim" not in error


async def test_headers_without_end_are_an_outcome(raw, hook):
    async def answer(writer):
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"A: " + b"x" * 4000 + b"\r\n")
            await writer.drain()

    assert "more than 32 KiB of headers" in (await attempt(hook(await raw(answer)))).error


async def test_a_body_of_a_hundred_gigabytes_is_left_where_it_is(raw, hook):
    sent = 0

    async def answer(writer):
        nonlocal sent
        writer.write(b"HTTP/1.1 500 Oh\r\nContent-Length: 107374182400\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            sent += 65536
            await writer.drain()

    outcome = await attempt(hook(await raw(answer), timeout=60.0))
    assert (outcome.error, len(outcome.answer)) == ("500 Oh", 512)
    assert sent < 100_000_000


async def test_connections_are_kept_and_one_that_the_endpoint_ended_is_replaced_at_once(raw, hook):
    """The request that met the end was answered by nobody, so it is repeated under its id."""
    served = []

    async def answer(writer):
        served.append(writer)
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    endpoint = Endpoint(hook(await raw(answer)), LOOPBACK)
    for _ in range(2):  # the server answers one request on each connection, and hangs up
        assert await endpoint.post("event-1", envelope.MEDIA_TYPE, b"{}", NOW) == Outcome()
    await endpoint.close()
    assert len(served) == 2
