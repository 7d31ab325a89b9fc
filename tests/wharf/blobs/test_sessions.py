"""Sessions are found again by the repository that began them, and expire."""

import os
import time

import pytest

from wharf.blobs.interface import NoSpaceError, StoreUnavailableError
from wharf.blobs.session import Session
from wharf.blobs.sessions import Sessions

OLD = 1_000_000.0
"""A time long before any that the kernel sets."""

ID = "0" * 32


@pytest.fixture
def sessions(layout):
    sessions = Sessions(layout)
    sessions.open()
    return sessions


def age(path):
    os.utime(path, (OLD, OLD))


def test_a_repository_shows_from_the_begin_of_a_session_to_its_end_and_then_on(sessions, layout):
    start = time.time() - 1  # noqa: TID251 - the kernel's time of files is what is tested
    assert sessions.uploading(["a", "b"], OLD) == set()
    sessions.create("a", ID)
    assert sessions.uploading(["a", "b"], start) == {"a"}
    age(layout.sessions("a"))
    with Session(layout.upload("a", ID)) as session:
        session.write([b"byte"])
        assert sessions.uploading(["a", "b"], start) == {"a"}
        age(layout.upload("a", ID))
        assert sessions.uploading(["a", "b"], start) == set()
        session.rename(layout.root / "content")
    assert sessions.uploading(["a", "b"], start) == {"a"}
    age(layout.sessions("a"))
    assert sessions.uploading(["a", "b"], start) == set()


def test_old_sessions_end_and_their_directories_go_when_they_are_old_too(sessions, layout):
    for number in range(3):
        sessions.create("a", str(number) * 32)
    sessions.create("b", ID)
    for number in (0, 1):
        age(layout.upload("a", str(number) * 32))
    assert sessions.expire(OLD + 1) == 2
    assert layout.upload("a", "2" * 32).exists()
    age(layout.upload("b", ID))
    assert sessions.expire(OLD + 1) == 1
    assert layout.sessions("b").exists()  # that a session has ended here can still be seen
    age(layout.sessions("b"))
    assert sessions.expire(OLD + 1) == 0
    assert not layout.sessions("b").exists()
    sessions.create("b", ID)


def test_a_refusal_for_want_of_space_is_noted(sessions, layout, monkeypatch):
    sessions.create("a", ID)
    assert not sessions.refused(1.0)
    monkeypatch.setattr("wharf.blobs.disk.space", lambda path: (100, 0))
    with Session(layout.upload("a", ID), 10) as session, pytest.raises(NoSpaceError):
        session.write([b"byte"])
    assert sessions.refused(1.0)
    sessions.open()  # a restart does not forget it
    assert sessions.refused(1.0)
    layout.refused.unlink()
    assert not sessions.refused(1.0)


def test_a_session_that_somebody_adds_to_does_not_end(sessions, layout):
    sessions.create("a", ID)
    with Session(layout.upload("a", ID)):
        age(layout.upload("a", ID))
        assert sessions.expire(OLD + 1) == 0
    assert sessions.expire(OLD + 1) == 1


def test_a_file_that_is_not_a_session_is_left_alone(sessions, layout):
    (layout.uploads / "note").write_text("mine")
    age(layout.uploads / "note")
    assert sessions.expire(OLD + 1) == 0
    assert (layout.uploads / "note").exists()


def test_a_directory_that_never_stays_is_an_error_and_not_an_endless_loop(sessions, monkeypatch):
    monkeypatch.setattr("pathlib.Path.mkdir", lambda path: None)
    with pytest.raises(StoreUnavailableError, match="vanishes"):
        sessions.create("a", ID)
