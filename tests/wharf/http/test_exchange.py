"""Answers, and what is left of the request when they are given."""

import asyncio

import pytest

from wharf.http import exchange as module
from wharf.http.exchange import Exchange
from wharf.http.files import PIECE
from wharf.http.messages import ClientGoneError, FileBody, Request, Response
from wharf.protocol.errors import RegistryError


class Client:
    """The other side of ASGI: a body to be read, and what was sent."""

    def __init__(self, *body, method="GET", **headers):
        self.body = list(body)
        self.messages = []
        encoded = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope = {"method": method, "path": "/", "scheme": "http", "query_string": b"", "headers": encoded}
        self.request = Request(scope, self.receive, "id")
        self.exchange = Exchange(self.request, self.receive, self.send)

    async def receive(self):
        if self.body:
            return {"type": "http.request", "body": self.body.pop(0), "more_body": bool(self.body)}
        return await asyncio.Future()

    async def send(self, message):
        self.messages.append(message)

    @property
    def headers(self):
        return dict(self.messages[0]["headers"])

    @property
    def sent(self):
        return b"".join(message["body"] for message in self.messages[1:])

    def complete(self):
        return [message["more_body"] for message in self.messages[1:]] == [True] * (len(self.messages) - 2) + [False]


async def test_bytes_are_sent_with_their_length():
    client = Client()
    await client.exchange.answer(Response(200, [("X-A", "b")], b"body"))
    assert (client.sent, client.headers[b"content-length"], client.headers[b"x-a"]) == (b"body", b"4", b"b")
    assert client.complete()
    assert (client.exchange.status, client.exchange.sent) == (200, 4)


async def test_no_content_has_no_length():
    client = Client()
    await client.exchange.answer(Response(204))
    assert b"content-length" not in client.headers


async def test_part_of_a_file_is_sent(tmp_path):
    (tmp_path / "f").write_bytes(b"0123456789")
    client = Client()
    await client.exchange.answer(Response(206, file=FileBody(str(tmp_path / "f"), 10, 2, 5)))
    assert (client.sent, client.headers[b"content-length"]) == (b"23456", b"5")
    assert client.complete()


async def test_head_sends_the_length_alone(tmp_path):
    client = Client(method="HEAD")
    await client.exchange.answer(Response(200, file=FileBody(str(tmp_path / "none"), 10, 0, 10)))
    assert (client.sent, client.headers[b"content-length"]) == (b"", b"10")
    assert client.complete()


async def test_a_damaged_file_is_told_before_anything_is_sent(tmp_path):
    client = Client()
    with pytest.raises(RegistryError):
        await client.exchange.answer(Response(200, file=FileBody(str(tmp_path / "none"), 10, 0, 10)))
    assert not client.exchange.started


async def test_a_stream_is_sent_as_it_comes():
    async def stream():
        yield b"ab"
        yield b"cd"

    client = Client()
    await client.exchange.answer(Response(200, stream=stream(), length=4))
    assert (client.sent, client.headers[b"content-length"]) == (b"abcd", b"4")
    assert client.complete()


async def test_a_little_unread_body_is_read_and_the_connection_kept():
    client = Client(b"abc", b"de", content_length="5")
    await client.exchange.answer(Response(401))
    assert b"connection" not in client.headers
    assert client.request.body_ended


@pytest.mark.parametrize(
    "headers",
    [{"content_length": "100000"}, {"transfer_encoding": "chunked"}, {"content_length": "5", "expect": "100-continue"}],
)
async def test_otherwise_the_answer_is_whole_before_the_connection_is_closed(headers):
    client = Client(b"abc", b"de", **headers)
    await client.exchange.answer(Response(401, body=b"no"))
    assert client.headers[b"connection"] == b"close"
    assert client.messages[1] == {"type": "http.response.body", "body": b"no", "more_body": True}
    assert client.complete()


async def test_only_so_much_of_a_body_is_read_before_closing(monkeypatch):
    monkeypatch.setattr(module, "DISCARD_CLOSE", 10)
    client = Client(*[b"x" * 6] * 50, transfer_encoding="chunked")
    await client.exchange.answer(Response(413))
    assert len(client.body) == 48
    assert client.complete()


async def test_nothing_more_is_awaited_of_a_client_that_has_stalled():
    client = Client(content_length="5")
    client.request.stalled = True
    async with asyncio.timeout(1):
        await client.exchange.answer(Response(408))
    assert client.headers[b"connection"] == b"close"
    assert client.complete()


async def test_only_so_long_is_waited_before_closing(monkeypatch):
    monkeypatch.setattr(module, "DISCARD_SECONDS", 0.01)
    client = Client(content_length="100000")
    await client.exchange.answer(Response(413))
    assert client.complete()


async def test_a_file_is_not_read_for_a_client_that_is_gone(tmp_path, monkeypatch):
    (tmp_path / "f").write_bytes(b"x" * 100)
    client = Client()

    async def gone():
        return {"type": "http.disconnect"}

    async def slow(message):
        client.messages.append(message)
        await asyncio.sleep(0)

    monkeypatch.setattr("wharf.http.files.LARGE_PIECE", 10)
    client.request._receive = gone
    client.exchange._send = slow
    with pytest.raises(ClientGoneError):
        await client.exchange.answer(Response(200, file=FileBody(str(tmp_path / "f"), 100, 0, 100)))
    assert len(client.messages) < 5


async def test_the_loop_hears_of_a_client_that_is_gone_while_all_is_taken_from_us(tmp_path):
    """A transport that ends takes bytes without a wait, and that it has ended is told by another turn of the loop."""
    with (tmp_path / "f").open("wb") as file:
        file.truncate(64 * PIECE)
    client, ended = Client(), asyncio.Event()

    async def receive():
        await ended.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        client.messages.append(message)
        asyncio.get_running_loop().call_soon(ended.set)

    scope = {"method": "GET", "path": "/", "scheme": "https", "query_string": b"", "headers": []}
    request, body = Request(scope, receive, "id"), FileBody(file.name, 64 * PIECE, 0, 64 * PIECE)
    with pytest.raises(ClientGoneError):
        await Exchange(request, receive, send).answer(Response(200, file=body))
    assert len(client.sent) < 8 * PIECE
