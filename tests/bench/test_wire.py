"""The client that costs nothing fetches and sends what a client would."""

import hashlib

import pytest
from bench.load import LoadError, closing, curl, session
from bench.machine import Place, write_blob

from bench import servers, wire

SIZE = 3_000_000


@pytest.fixture(params=[False, True], ids=["plain", "TLS"])
def place(tmp_path, request):
    """Where a run has its things, a registry that runs, a blob and its digest."""
    place, blob = Place.make(tmp_path), tmp_path / "blob"
    digest = write_blob(blob, SIZE)
    server = servers.start("wharf", place, tls=request.param, login=True)
    yield place, server, blob, digest
    server.stop()


def test_a_blob_is_sent_and_fetched(place):
    place, server, blob, digest = place
    _, location = session(server, place, "wire/app")
    assert wire.send(server, place, closing(location, digest), blob) > 0
    stored = next((server.data / "data").rglob(digest.removeprefix("sha256:")))
    assert hashlib.sha256(stored.read_bytes()).hexdigest() == digest.removeprefix("sha256:")
    assert wire.fetch(server, place, f"/v2/wire/app/blobs/{digest}", SIZE) > 0
    with pytest.raises(LoadError, match="404"):
        wire.fetch(server, place, "/v2/wire/app/blobs/sha256:" + "0" * 64, SIZE)


def test_a_blob_is_sent_in_chunks(place):
    place, server, blob, digest = place
    _, location = session(server, place, "wire/app")
    seconds, location = wire.send_in_chunks(server, place, location, blob)
    assert seconds > 0
    curl(server, place, closing(location, digest), "-X", "PUT", expect="201")  # which compares the digest
