"""Bodies in chunks read below the parser of HTTP: what is stored and what is refused is what the parser would have."""

import asyncio
import itertools
import random
from concurrent.futures import Executor, Future

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.framings import HEAD, by_chunks, by_the_parser
from tools.fuzz import mutated
from uvicorn.config import Config
from uvicorn.server import ServerState

from wharf.blobs.receiver import receive
from wharf.http import fast_bodies, framing
from wharf.http.connection import Connection
from wharf.http.fast_bodies import Body
from wharf.http.framing import Chunks, Length
from wharf.http.messages import ClientGoneError, Request

REFUSED = b"HTTP/1.1 400 "
NEXT = b"GET /two HTTP/1.1\r\nHost: x\r\n\r\n"

pieces = st.lists(st.binary(min_size=1, max_size=400), max_size=12)
seeds = st.integers(0, 2**32)


def framed(parts, spelled="{:x}"):
    lines = [spelled.format(len(part)).encode() + b"\r\n" + part + b"\r\n" for part in parts]
    return b"".join(lines) + b"0\r\n\r\n"


def cut(wire, seed, most=8):
    """The bytes in a few pieces, as they may arrive."""
    source = random.Random(seed)  # noqa: S311 - it must be repeatable
    places = sorted({source.randint(0, len(wire)) for _ in range(source.randint(0, most))} | {0, len(wire)})
    return [wire[start:end] for start, end in itertools.pairwise(places)]


ODD = [
    framed([b"abc", b"\r\n\r\n", b"0\r\n\r\n", b"x" * 40]),
    b"3;name=value\r\nabc\r\n4 \r\nabcd\r\n0;a=\"b c\"\r\n\r\n",
    b"00000000000000000003\r\nabc\r\n000\r\nTrailer: x\r\nContent-Length: 5\r\n\r\n",
    b"3\nabc\n0\n\n" + b"ffffffffffffffff\r\nabc",
    b"3\r\nabcd\r\n+1\r\na\r\n0x1\r\na\r\n-1\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"F\r\n0123456789abcde\r\nA\r\n0123456789\r\n0\r\n\r\n" + NEXT,
]  # fmt: skip


@given(pieces, seeds, st.sampled_from(["{:x}", "{:X}", "{:08x}", "{:016x}", "{:020x}"]))
def test_in_any_pieces_the_content_is_the_body_and_what_follows_is_the_next_request(parts, seed, spelled):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(framing, "CREDIT", seed % 4000)
        content, said = by_chunks(cut(framed(parts, spelled) + NEXT, seed))
    assert content == b"".join(parts)
    assert said == [b"/", b"/two"]


@given(st.lists(st.sampled_from(ODD), min_size=1), seeds, seeds)
def test_what_is_wrong_or_odd_is_judged_as_by_the_parser_alone(corpus, seed, places):
    wire = mutated(random.Random(seed), corpus) + NEXT  # noqa: S311 - it must be repeatable
    assert by_chunks(cut(wire, places)) == by_the_parser([wire])


@given(pieces, seeds)
def test_who_only_follows_knows_as_much(parts, seed):
    wire = framed(parts) + NEXT
    followed, taken = Chunks(), Chunks()
    for part in cut(wire, seed):
        taken.take(memoryview(bytearray(part)))
        assert followed.follow(part) == (not taken.ended)
        assert followed.resume() == taken.resume()
        if taken.ended:
            break


def test_what_waits_for_the_end_of_a_line_is_little():
    chunks = Chunks()
    for byte in b"0000000000000003\r":
        assert chunks.follow(bytes([byte]))
    assert chunks.resume()[1] == b"\r\n0000000000000003\r"
    assert not Chunks().follow(b"00000000000000003")


def test_crumbs_are_left_to_the_parser():
    assert Chunks().follow(framed([b"x" * 600] * 5000).removesuffix(b"0\r\n\r\n"))
    assert Chunks().follow(framed([b"x"] * 100).removesuffix(b"0\r\n\r\n"))
    assert not Chunks().follow(framed([b"x" * 100_000] + [b"x"] * 200))


def test_only_a_body_in_chunks_and_nothing_else_is_known():
    assert framing.chunks([(b"host", b"x"), (b"transfer-encoding", b"Chunked")]) is not None
    for others in ([], [b"gzip, chunked"], [b"gzip", b"chunked"], [b"identity"]):
        assert framing.chunks([(b"transfer-encoding", value) for value in others]) is None


def test_a_length_is_counted_down():
    length = Length(5)
    assert length.take(memoryview(b"abc")) == 3
    assert (length.most(), length.ended) == (2, False)
    assert length.resume()[0].endswith(b"Content-Length: 2\r\n\r\n")
    assert length.take(memoryview(b"de")) == 2
    assert length.ended
    assert length.resume(b"Connection: close\r\n")[0].endswith(b"close\r\nContent-Length: 0\r\n\r\n")


class Inline(Executor):
    """Does at once what others leave to a thread, so that a run can be repeated."""

    def submit(self, work, /, *arguments):
        done = Future()
        done.set_result(work(*arguments))
        return done


class Transport:
    """A connection's other half: what is sent is kept, and bytes arrive in the pieces that they are given in."""

    def __init__(self):
        self.protocol = None
        self.sent = b""
        self.closed = self.paused = False

    def set_protocol(self, protocol):
        self.protocol = protocol

    def write(self, data):
        if not self.closed:
            self.sent += data

    def is_closing(self):
        return self.closed

    def close(self):
        if not self.closed:
            self.closed = True
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)

    def pause_reading(self):
        self.paused = True

    def resume_reading(self):
        self.paused = False

    def get_extra_info(self, _):
        return None

    async def arrive(self, data):
        while data and not self.closed:
            if self.paused:
                await asyncio.sleep(0)
            elif isinstance(self.protocol, asyncio.BufferedProtocol):
                room = self.protocol.get_buffer(-1)
                size = min(len(room), len(data))
                room[:size] = data[:size]
                data = data[size:]
                self.protocol.buffer_updated(size)
            else:
                whole, data = data, b""
                self.protocol.data_received(whole)


class Place:
    """A server whose only application stores what it is sent."""

    def __init__(self, fast):
        self.fast = fast
        self.whole = []
        self.part = b""

    async def __call__(self, scope, receiving, send):
        request = Request(scope, receiving, "")
        self.content = b""
        try:
            await receive(self, Body(request, request.connection if self.fast else None), Inline())
        except ClientGoneError:
            self.part = self.content
            return
        self.whole.append((request.path, self.content))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    def expect(self, size):
        """Nothing is prepared for any size."""

    def write(self, pieces):
        self.content += b"".join(pieces)

    async def hear(self, parts, turns):
        """What is answered to these bytes, and whether the connection is closed then."""
        config = Config(self, http="httptools", lifespan="off", log_config=None, timeout_keep_alive=600)
        connection, transport = Connection(config, ServerState(), {}), Transport()
        transport.protocol = connection
        connection.connection_made(transport)
        for part, wait in zip(parts, turns, strict=False):
            await transport.arrive(part)
            for _ in range(wait):
                await asyncio.sleep(0)
        for _ in range(60):
            await asyncio.sleep(0)
        closed = transport.closed
        if not closed:
            transport.close()
        for _ in range(10):
            await asyncio.sleep(0)
        return transport.sent, closed


LAST = HEAD.replace(b"Host", b"Connection: close\r\nHost")
OLD = HEAD.replace(b"HTTP/1.1", b"HTTP/1.0")


def require_the_same(parts, turns):
    """Whatever way these bytes take, the answers are the same, and what is stored."""

    async def both():
        fast, slow = Place(fast=True), Place(fast=False)
        return fast, await fast.hear(parts, turns), slow, await slow.hear(parts, turns)

    fast, (answer, closed), slow, (other, also) = asyncio.run(both())
    assert closed == also
    assert fast.part.startswith(slow.part)  # of a request that has no end the parser's last piece may be lost
    if REFUSED in other:  # before or after the answer to what came before it
        assert answer.endswith(other[other.index(REFUSED) :])
        fast.whole = fast.whole[: len(slow.whole)]
        slow.whole = slow.whole[: len(fast.whole)]
    else:
        assert answer == other
    assert fast.whole == slow.whole


heads = pytest.mark.parametrize("head", [HEAD, LAST, OLD], ids=["one of many", "the last", "HTTP/1.0"])


@heads
@pytest.mark.parametrize("size", [24, 4096])
@given(st.lists(st.sampled_from(ODD), min_size=1), seeds, seeds)
def test_a_connection_answers_and_stores_the_same_on_either_way(size, head, corpus, seed, places):
    source = random.Random(seed)  # noqa: S311 - it must be repeatable
    body = mutated(source, corpus) if seed % 4 else framed([source.randbytes(source.randint(1, 300)) for _ in range(9)])
    parts = cut(head + body + NEXT, places)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast_bodies, "LEAST", seed % 3 * 10)
        patch.setattr(fast_bodies, "SIZE", size)
        require_the_same(parts, [source.randint(0, 6) for _ in parts])


@heads
@pytest.mark.parametrize("body", [*ODD, framed([b"abcde"]) + b"0\r\n\r\n"])
def test_so_it_does_wherever_the_bytes_are_cut(head, body, monkeypatch):
    monkeypatch.setattr(fast_bodies, "LEAST", 0)
    monkeypatch.setattr(fast_bodies, "SIZE", 24)
    wire = body + NEXT
    for place in range(len(wire)):
        require_the_same([head, wire[:place], wire[place:]], [3, 3, 3])


@pytest.mark.parametrize("head", [LAST, OLD, LAST.replace(b"Transfer-Encoding: chunked", b"Content-Length: 15")])
def test_what_comes_after_the_last_request_is_not_looked_at(head, monkeypatch):
    monkeypatch.setattr(fast_bodies, "LEAST", 0)
    rubbish = b"0\r\n\r\n" + NEXT
    fast = Place(fast=True)
    answer, closed = asyncio.run(fast.hear([head, b"5\r\na", b"bcde\r\n0\r\n\r\n" + rubbish], [3, 3, 3]))
    assert answer.startswith(b"HTTP/1.1 204")
    assert answer.count(b"HTTP/1.1 ") == len(fast.whole) == 1
    assert closed
