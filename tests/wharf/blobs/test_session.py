"""An upload session holds every byte that it has said it holds."""

import errno
import os

import pytest

from wharf.blobs.interface import NoSpaceError, UploadBusyError, UploadUnknownError
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
