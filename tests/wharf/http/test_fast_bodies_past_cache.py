"""Bodies that are received below HTTP go past the page cache where they are large."""

import os

import pytest
from tools.bodies import Chunks, Length, begin, put, stored
from tools.raw_http import read_answer

from wharf.blobs import direct
from wharf.http import fast_bodies

CONTENT = os.urandom(3_000_000)


@pytest.fixture
def past(monkeypatch):
    """Where in the file pieces went past the page cache, and how many bytes."""
    monkeypatch.setattr(direct, "LEAST", 1_000_000)
    monkeypatch.setattr(direct, "SMALL", 0)
    monkeypatch.setattr(fast_bodies, "SIZE", 256 << 10)
    written = []
    original = direct.Direct.write

    def write(self, pieces, position):
        written.append((position, original(self, pieces, position)))
        return written[-1][1]

    monkeypatch.setattr(direct.Direct, "write", write)
    return written


def test_a_large_body_goes_past_the_page_cache(either, past):
    session = begin(either)
    with either.connect() as sock:
        sock.sendall(put(Length(), session, CONTENT) + CONTENT[:10_001])
        sock.sendall(CONTENT[10_001:])
        assert read_answer(sock)[0].startswith(b"HTTP/1.1 201")
    assert sum(count for _, count in past) == len(CONTENT) // direct.ALIGNMENT * direct.ALIGNMENT
    assert stored(either, CONTENT)


def test_a_body_in_chunks_does_so_once_it_is_large(either, past):
    session, form = begin(either), Chunks()
    with either.connect() as sock:
        sock.sendall(put(form, session, CONTENT) + form.part(CONTENT[:300_001]))
        sock.sendall(form.part(CONTENT[300_001:]) + form.end)
        assert read_answer(sock)[0].startswith(b"HTTP/1.1 201")
    assert past
    assert past[0][0] >= 1_000_000
    whole = len(CONTENT) // direct.ALIGNMENT * direct.ALIGNMENT
    assert sum(count for _, count in past) == whole - past[0][0]
    assert stored(either, CONTENT)
