"""An upload session holds every byte that it has said it holds."""

import errno
import fcntl
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from wharf.blobs import direct
from wharf.blobs.direct import ALIGNMENT
from wharf.blobs.interface import NoSpaceError, StoreUnavailableError, UploadBusyError, UploadUnknownError
from wharf.blobs.session import HashState, Session


@pytest.fixture
def path(tmp_path):
    (tmp_path / "session").write_bytes(b"")
    return tmp_path / "session"


def test_one_at_a_time_has_a_session_open(path):
    with Session(path), pytest.raises(UploadBusyError):
        Session(path)
    Session(path).close()


def test_a_session_that_is_gone_cannot_be_opened(path):
    with Session(path) as session:
        session.remove()
        with pytest.raises(UploadUnknownError):
            Session(path)


def test_the_hash_tells_of_what_is_in_the_file(path, digest_of):
    state = HashState.empty("sha256")
    with Session(path) as session:
        session.carry_on(state)
        session.write([b"one ", memoryview(b"two "), b""])
        session.write([b"x"] * 1000)
    assert (state.offset, path.stat().st_size) == (1008, 1008)
    with Session(path) as session:
        session.carry_on(state)
        assert session.state is state
        assert session.digest("sha256") == digest_of(path.read_bytes())
        assert session.digest("sha512") == digest_of(path.read_bytes(), "sha512")


def test_a_hash_of_other_bytes_is_not_carried_on(path):
    with Session(path) as session:
        session.write([b"written by another process"])
        session.carry_on(HashState.empty("sha256"))
        assert session.state is None


def test_when_the_disk_is_full_nothing_is_torn(path, monkeypatch):
    write = os.pwritev

    def full_after_one(descriptor, pieces, position):
        if position:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, [pieces[0][:2]], position)

    state = HashState.empty("sha256")
    with Session(path) as session:
        session.carry_on(state)
        monkeypatch.setattr(os, "pwritev", full_after_one)
        with pytest.raises(NoSpaceError):
            session.write([b"content"])
        assert (session.offset, state.offset, path.stat().st_size) == (0, 0, 0)


def test_a_short_write_is_carried_on(path, monkeypatch):
    write = os.pwritev
    monkeypatch.setattr(os, "pwritev", lambda fd, pieces, position: write(fd, [pieces[0][:3]], position))
    with Session(path) as session:
        session.write([b"four", b"fives", b"6"])
    assert path.read_bytes() == b"fourfives6"


def test_a_closed_session_takes_no_bytes(path):
    session = Session(path)
    session.close()
    session.close()
    with pytest.raises(UploadUnknownError):
        session.write([b"late"])
    assert path.read_bytes() == b""


@pytest.fixture
def large(path, monkeypatch):
    """A session to which a large upload comes."""
    monkeypatch.setattr(direct, "LEAST", 1)
    monkeypatch.setattr(direct, "SMALL", 0)
    with ThreadPoolExecutor(1) as pool, Session(path, hashing=pool) as session:
        session.carry_on(HashState.empty("sha256"))
        session.expect(1)
        yield session


def aligned(*sizes):
    """Pieces as they are received: each in memory of its own, all but the last of whole pages."""
    pieces = []
    for size in sizes:
        view = memoryview(direct.buffer(size))
        view[:] = os.urandom(size)
        pieces.append(view)
    return pieces


def test_a_large_upload_goes_past_the_page_cache_but_for_its_end(path, large, digest_of, monkeypatch):
    flags = []
    write = os.pwritev

    def note(descriptor, pieces, position):
        flags.append(bool(fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_DIRECT))
        return write(descriptor, pieces, position)

    monkeypatch.setattr(os, "pwritev", note)
    pieces = aligned(2 * ALIGNMENT, ALIGNMENT, ALIGNMENT + 17)
    large.write(pieces[:2])
    large.write(pieces[2:])
    assert flags == [True, True, False]
    assert path.read_bytes() == b"".join(pieces)
    assert (large.offset, large.state.offset) == (path.stat().st_size, path.stat().st_size)
    assert large.digest("sha256") == digest_of(path.read_bytes())


def test_a_large_upload_that_arrives_in_odd_pieces_is_whole(path, large, digest_of):
    pieces = [b"odd", *aligned(ALIGNMENT), b"more", *aligned(2 * ALIGNMENT)]
    for piece in pieces:
        large.write([piece])
    assert path.read_bytes() == b"".join(pieces)
    assert large.digest("sha256") == digest_of(path.read_bytes())


def test_a_large_upload_that_goes_on_within_a_page_goes_through_the_page_cache_and_is_hashed_as_ever(
    path, large, monkeypatch, digest_of
):
    monkeypatch.setattr(direct, "LEAST", 1)
    pieces = [b"odd", *aligned(2 * ALIGNMENT)]
    large.write(pieces[:1])
    large.close()
    hashing = large._hashing
    with Session(path, hashing=hashing) as again:
        again.carry_on(large.state)
        again.expect(2 * ALIGNMENT)
        hashing.shutdown()  # nothing is asked of it
        again.write(pieces[1:])
        assert again.digest("sha256") == digest_of(b"".join(pieces))
    assert path.read_bytes() == b"".join(pieces)


def test_a_small_write_waits_neither_for_the_disk_nor_for_another_thread(path, large, monkeypatch, digest_of):
    large.write(aligned(2 * ALIGNMENT))
    monkeypatch.setattr(direct, "SMALL", ALIGNMENT)
    large._hashing.shutdown()  # nothing is asked of it
    content = aligned(ALIGNMENT)
    monkeypatch.setattr(large._direct, "write", None)
    large.write(content)
    assert path.read_bytes()[2 * ALIGNMENT :] == bytes(content[0])
    assert large.digest("sha256") == digest_of(path.read_bytes())


def test_a_short_write_that_ends_within_a_page_leaves_the_rest_to_the_page_cache(path, large, monkeypatch, digest_of):
    original, plain = os.pwritev, os.open(path, os.O_WRONLY)
    shortened = []

    def short(descriptor, pieces, position):
        if not shortened:
            shortened.append(original(plain, [pieces[0][:512]], position))
            return shortened[0]
        return original(descriptor, pieces, position)

    monkeypatch.setattr(os, "pwritev", short)
    content = aligned(ALIGNMENT, 2 * ALIGNMENT)
    large.write(content)
    os.close(plain)
    assert path.read_bytes() == b"".join(content)
    assert large.digest("sha256") == digest_of(path.read_bytes())


def test_a_large_upload_that_finds_the_disk_full_is_not_torn(path, large, monkeypatch, digest_of):
    content = aligned(2 * ALIGNMENT)
    large.write(content)
    write = os.pwritev

    def full_after_one(descriptor, pieces, position):
        if position > 2 * ALIGNMENT:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, [pieces[0][:ALIGNMENT]], position)

    monkeypatch.setattr(os, "pwritev", full_after_one)
    with pytest.raises(NoSpaceError):
        large.write(aligned(3 * ALIGNMENT))
    assert large.offset == path.stat().st_size == 2 * ALIGNMENT
    assert large.digest("sha256") == digest_of(b"".join(content))  # hashed again, from the file


def test_a_hash_of_bytes_that_were_not_written_is_forgotten(path, large, monkeypatch, digest_of):
    def broken(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "pwritev", broken)
    with pytest.raises(StoreUnavailableError):
        large.write(aligned(2 * ALIGNMENT))
    large.close()
    path.write_bytes(os.urandom(2 * ALIGNMENT))  # by another process: as many bytes, and not the same
    with Session(path) as again:
        again.carry_on(large.state)
        assert again.digest("sha256") == digest_of(path.read_bytes())
