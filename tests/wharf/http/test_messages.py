"""Requests as handlers see them."""

import asyncio

import pytest

from wharf.http.messages import ClientGoneError, Request, Response, error_response, first_line
from wharf.protocol.errors import Problem, RegistryError


def request(*messages, query=b"", headers=()):
    async def receive():
        return queue.pop(0) if queue else await asyncio.Future()

    queue = list(messages)
    scope = {"method": "PUT", "path": "/", "scheme": "http", "query_string": query, "headers": list(headers)}
    return Request(scope, receive, "id")


def part(body, more=False):
    return {"type": "http.request", "body": body, "more_body": more}


LENGTH = ((b"content-length", b"5"),)


def test_of_a_repeated_header_the_first_counts():
    assert request(headers=[(b"a", b"1"), (b"a", b"2")]).header(b"a") == "1"
    assert request().header(b"a") is None


def test_a_query_is_decoded_once():
    one = request(query=b"tag=a&tag=b%2Fc&empty=&x=+")
    assert one.query() == {"tag": ["a", "b/c"], "empty": [""], "x": [" "]}
    assert one.parameter("tag") == "a"
    assert one.parameter("none") == ""


@pytest.mark.parametrize("query", [b"\xff=1", b"&".join([b"a=1"] * 300)])
def test_a_query_that_cannot_be_read_is_the_clients_fault(query):
    with pytest.raises(RegistryError):
        request(query=query).query()


def test_a_body_is_announced_by_length_or_encoding():
    assert not request().has_body()
    assert not request(headers=[(b"content-length", b"0")]).has_body()
    assert request(headers=LENGTH).has_body()
    assert request(headers=[(b"transfer-encoding", b"chunked")]).has_body()


async def test_a_body_is_read_to_its_end_and_no_further():
    one = request(part(b"ab", more=True), part(b"", more=True), part(b"cde"), headers=LENGTH)
    assert [piece async for piece in one.chunks()] == [b"ab", b"cde"]
    assert one.body_ended
    assert one.received == 5
    assert [piece async for piece in one.chunks()] == []


async def test_a_client_that_leaves_is_told_from_one_that_has_finished():
    one = request(part(b"ab", more=True), {"type": "http.disconnect"}, headers=LENGTH)
    with pytest.raises(ClientGoneError):
        await one.read(10, Problem.MANIFEST_TOO_LARGE)


async def test_a_client_that_stalls_is_timed_out():
    one = request(part(b"ab", more=True), headers=LENGTH)
    one.silence = 0.01
    with pytest.raises(RegistryError) as caught:
        await one.read(10, Problem.MANIFEST_TOO_LARGE)
    assert caught.value.problem is Problem.UPLOAD_TIMEOUT


@pytest.mark.parametrize("headers", [LENGTH, [(b"transfer-encoding", b"chunked")]])
async def test_a_body_is_never_read_beyond_its_limit(headers):
    with pytest.raises(RegistryError):
        await request(part(b"abcde"), headers=headers).read(4, Problem.MANIFEST_TOO_LARGE)
    assert await request(part(b"abcde"), headers=headers).read(5, Problem.MANIFEST_TOO_LARGE) == b"abcde"


def test_an_error_is_a_response():
    response = error_response(RegistryError(Problem.DENIED, headers=[("A", "b")]))
    assert response.status == 403
    assert ("A", "b") in response.headers
    assert response.content_length() == len(response.body)
    assert Response(200, length=7).content_length() == 7


def test_what_a_client_said_is_repeated_short_and_in_ascii():
    assert first_line("ä\n" + "x" * 500) == "\\xe4\n" + "x" * 198
