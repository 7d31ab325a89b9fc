"""Content is read whole before it is called anything, and set aside only while it is what was read."""

import errno
import os

import pytest

from wharf.blobs.inspection import State, damage, forget, inspect, is_aside, note, set_aside, strays
from wharf.blobs.interface import StoreUnavailableError


@pytest.fixture
def content(layout, digest_of):
    """Stores bytes under the digest of others."""

    def make(name, content=None, algorithm="sha256"):
        path = layout.blob(digest_of(name, algorithm))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name if content is None else content)
        return digest_of(name, algorithm)

    return make


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_whole_content_is_whole(layout, content, algorithm):
    big = os.urandom(3 << 20)
    found = inspect(layout, content(big, algorithm=algorithm))
    assert (found.state, found.size) == (State.WHOLE, len(big))


def test_what_is_wrong_is_told_apart(layout, content, digest_of):
    assert inspect(layout, content(b"a", b"b")).state is State.CORRUPT
    assert inspect(layout, content(b"c", b"")).state is State.CORRUPT
    assert inspect(layout, digest_of(b"none")).state is State.ABSENT
    layout.blob(digest_of(b"d")).mkdir(parents=True)
    found = inspect(layout, digest_of(b"d"))
    assert (found.state, found.message) == (State.UNREADABLE, "Is a directory")


def test_a_wrong_file_is_set_aside_but_not_another_that_took_its_place(layout, content, digest_of):
    digest = content(b"a", b"wrong")
    found = inspect(layout, digest)
    layout.blob(digest).rename(layout.root / "elsewhere")
    assert not set_aside(layout, found)
    content(b"a")
    assert not set_aside(layout, found)
    (layout.root / "elsewhere").rename(layout.blob(digest))
    assert set_aside(layout, found)
    assert (layout.quarantine / digest.replace(":", "-")).read_bytes() == b"wrong"
    assert inspect(layout, digest).state is State.ABSENT


def test_files_that_no_digest_leads_to_are_strays(layout, content):
    content(b"a")
    misplaced = layout.blobs / "sha256" / "zz" / ("a" * 64)
    notes = [layout.blobs / "note", misplaced]
    for path in notes:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    layout.lock.touch()
    assert list(strays(layout)) == notes


def test_what_was_set_aside_is_damage_until_it_is_stored_again(layout, content):
    assert damage(layout) == []
    first, second = content(b"a", b"wrong"), content(b"b", b"wrong", "sha512")
    for digest in (first, second):
        assert set_aside(layout, inspect(layout, digest))
    (layout.quarantine / "notes").touch()  # somebody's
    assert {(digest, state) for digest, state, _ in damage(layout)} == {
        (first, State.CORRUPT),
        (second, State.CORRUPT),
    }
    times = [when for *_, when in damage(layout)]
    assert times == sorted(times, reverse=True)
    assert times[-1] > 0
    content(b"a")
    assert [digest for digest, *_ in damage(layout)] == [second]


def test_what_was_noted_is_what_it_is_now(layout, content):
    digest = content(b"a")
    note(layout, digest)
    ((_, state, since),) = damage(layout)
    assert state is State.UNREADABLE
    note(layout, digest)  # is known
    assert damage(layout) == [(digest, State.UNREADABLE, since)]
    layout.blob(digest).unlink()
    assert damage(layout) == [(digest, State.ABSENT, since)]
    content(b"a")
    assert damage(layout) == []
    note(layout, digest)  # again
    assert damage(layout)[0][1] is State.UNREADABLE
    forget(layout, digest)
    forget(layout, digest)
    assert damage(layout) == []


def test_what_was_wrong_is_not_called_absent_once_it_was_set_aside(layout, content):
    digest = content(b"a", b"wrong")
    assert set_aside(layout, inspect(layout, digest))
    assert is_aside(layout, digest)
    note(layout, digest)
    assert [state for _, state, _ in damage(layout)] == [State.CORRUPT]


def test_too_many_open_files_are_no_damage(layout, content, monkeypatch):
    def too_many(*_):
        raise OSError(errno.EMFILE, "Too many open files")

    digest = content(b"a")
    monkeypatch.setattr(os, "open", too_many)
    with pytest.raises(StoreUnavailableError, match="raise the limit"):
        inspect(layout, digest)
