"""Writing past the page cache: what can go this way goes, and what cannot is left, whole."""

import errno
import itertools
import os

import pytest

from wharf.blobs import direct
from wharf.blobs.direct import ALIGNMENT, Direct, after, buffer, whole_pages


@pytest.fixture
def path(tmp_path):
    (tmp_path / "session").write_bytes(b"")
    return tmp_path / "session"


def filled(size):
    view = memoryview(buffer(size))
    view[:] = os.urandom(size)
    return view


def test_whole_pages_are_written_and_the_rest_is_left(path):
    pieces = [filled(2 * ALIGNMENT), filled(ALIGNMENT)[: ALIGNMENT - 1]]
    past = Direct(path)
    assert past.write(pieces, 0) == 2 * ALIGNMENT
    assert past.write([filled(ALIGNMENT)], 2 * ALIGNMENT) == ALIGNMENT
    past.close()
    assert path.stat().st_size == 3 * ALIGNMENT
    assert path.read_bytes()[: 2 * ALIGNMENT] == bytes(pieces[0])


def test_what_does_not_begin_at_a_page_of_the_file_is_left(path):
    past = Direct(path)
    assert past.write([filled(ALIGNMENT)], 1) == 0
    assert past.usable
    past.close()


@pytest.mark.parametrize("number", sorted(direct.REFUSALS | {errno.ENOTSUP}))
@pytest.mark.parametrize("call", ["open", "pwritev"])
def test_a_file_system_that_refuses_is_not_asked_again(path, monkeypatch, call, number):
    asked = []

    def refuse(*arguments):
        asked.append(arguments)
        raise OSError(number, "refused")

    monkeypatch.setattr(os, call, refuse)
    past = Direct(path)
    assert [past.write([filled(ALIGNMENT)], 0) for _ in range(2)] == [0, 0]
    assert not past.usable
    assert len(asked) == 1


def test_memory_that_does_not_begin_at_a_page_is_left(path):
    past = Direct(path)
    assert past.write([filled(2 * ALIGNMENT)[1 : ALIGNMENT + 1]], 0) == 0
    assert not past.usable
    assert path.read_bytes() == b""


def test_other_errors_are_raised(path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwritev", full)
    past = Direct(path)
    with pytest.raises(OSError, match="No space left"):
        past.write([filled(ALIGNMENT)], 0)
    past.close()


@pytest.mark.parametrize(("rate", "usable"), [(direct.LEAST_RATE / 2, False), (direct.LEAST_RATE * 2, True)])
def test_a_slow_disk_is_left_to_the_page_cache(path, rate, usable):
    view = filled(1 << 20)
    moments = (number // 2 * len(view) / rate for number in itertools.count(1))  # before each write, and after it
    past = Direct(path, lambda: next(moments))
    for number in range(direct.TRIED // len(view)):
        assert past.usable
        assert past.write([view], number * len(view)) == len(view)
    assert past.usable is usable
    past.close()


def test_a_disk_that_was_slow_is_tried_again_and_one_that_becomes_slow_is_noticed(path, monkeypatch):
    monkeypatch.setattr(direct, "TRIED", ALIGNMENT)
    monkeypatch.setattr(direct, "RESTS", 3 * ALIGNMENT)
    seconds = itertools.chain([0, 1], [0, 0], [0, 0], [0, 1], itertools.repeat(0))  # by the clock, in pairs
    past = Direct(path, lambda: next(seconds))
    went = [past.write([filled(ALIGNMENT)], number * ALIGNMENT) > 0 for number in range(11)]
    past.close()
    assert went == [True, False, False, False, True, True, True, False, False, False, True]


def test_a_write_that_is_short_is_carried_on_as_far_as_pages_go(path, monkeypatch):
    written, original = [], os.pwritev

    def short(descriptor, pieces, position):
        written.append(original(descriptor, [pieces[0][:ALIGNMENT]], position))
        return written[-1]

    monkeypatch.setattr(os, "pwritev", short)
    content = [filled(2 * ALIGNMENT), filled(2 * ALIGNMENT)]
    past = Direct(path)
    assert past.write(content, 0) == 4 * ALIGNMENT
    past.close()
    assert written == [ALIGNMENT] * 4
    assert path.read_bytes() == b"".join(content)


def test_a_writer_that_is_closed_writes_nothing(path):
    past = Direct(path)
    past.close()
    assert past.write([filled(ALIGNMENT)], 0) == 0


def test_pieces_are_cut_where_pages_end():
    assert [len(view) for view in whole_pages([b"x" * ALIGNMENT, b"", b"y" * (ALIGNMENT + 5)])] == [ALIGNMENT] * 2
    assert whole_pages([b"x"]) == whole_pages([]) == []


@pytest.mark.parametrize("count", range(8))
def test_what_is_left_after_some_bytes(count):
    assert b"".join(after([b"one", b"", b"four"], count)) == b"onefour"[count:]
