"""The lock file between processes that share a directory, and what is said where it cannot be had."""

import fcntl
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from wharf.blobs.paths import Layout
from wharf.standby import lock as locks
from wharf.standby import turn
from wharf.standby.lock import Lock, LockError, shared
from wharf.standby.turn import UNREADABLE, Entry

HERE = Entry("127.0.0.1:5000", socket.gethostname(), "here")
THERE = Entry("10.0.0.1:5000", "elsewhere", "there")


@pytest.fixture
def lock(tmp_path):
    made = Lock(str(tmp_path / "data"))
    yield made
    made.close()


@pytest.fixture
def data(tmp_path):
    return str(tmp_path / "data")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(locks, "PATIENCE", 0.3)


def test_one_holds_it_alone_or_several_share_it(lock, data):
    assert lock.take()
    with pytest.raises(LockError), shared(data):
        pass
    lock.give_back()
    with shared(data), shared(data, command=False):
        assert not lock.take()
    assert lock.take()


def test_an_entry_is_read_as_it_was_written(lock):
    assert lock.read() is None
    lock.write(THERE)
    assert lock.read() == THERE
    lock.write(HERE)
    assert lock.read() == HERE
    os.pwrite(lock.descriptor, b"x", 0)
    assert lock.read() == UNREADABLE


def test_an_entry_is_read_that_was_written_over_something_longer(lock, data):
    path = Layout(data).active
    path.write_bytes(b"\xff" * 4000)
    assert lock.read() == UNREADABLE
    lock.write(HERE)
    assert lock.read() == HERE


def test_a_command_is_told_where_to_run_while_another_host_has_the_data(lock, data):
    assert lock.take()
    assert lock.claim(THERE)
    with pytest.raises(LockError, match="kubectl exec elsewhere -- wharf"), shared(data):
        pass
    with pytest.raises(LockError, match="start this one with --standby too"), shared(data, command=False):
        pass


def test_a_command_runs_beside_the_active_one_of_its_own_host_which_others_then_wait_for(lock, data):
    assert lock.take()
    assert lock.claim(HERE)
    with pytest.raises(LockError, match="--standby"), shared(data, command=False):
        pass
    with shared(data):
        lock.give_back()
        assert lock.take()
        assert not lock.claim(THERE)
        assert lock.read() == HERE
    assert lock.claim(THERE)


def test_a_command_waits_until_one_that_left_no_end_is_gone_and_the_next_need_not(lock, data, monkeypatch):
    monkeypatch.setattr(turn, "SILENCE", 0.4)
    lock.write(THERE)
    with shared(data):
        assert lock.read().released


def test_a_command_does_not_run_where_the_lock_keeps_nobody_out(lock, data, monkeypatch):
    lock.write(THERE)
    beaten = threading.Event()

    def beat(_):
        lock.write(Entry(THERE.address, THERE.name, THERE.id, THERE.beat + 1))
        beaten.set()

    monkeypatch.setattr(locks.time, "sleep", beat)
    with pytest.raises(LockError, match="locks hold between hosts"), shared(data):
        pass
    assert beaten.is_set()


def test_a_file_system_without_locks_is_named(lock, data, monkeypatch):
    def refuse(*_):
        raise OSError(locks.errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(LockError, match=r"active\.lock cannot be locked \(No locks available\)"), shared(data):
        pass


def test_it_is_free_when_the_last_process_is_gone_that_has_it(lock, data):
    assert lock.take()
    child = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[lock.descriptor], text=True
    )
    other = Lock(data)
    lock.close()
    assert not other.take()
    child.kill()
    child.communicate()
    assert other.take()
    lock.descriptor = other.descriptor


def test_a_lock_of_a_file_that_was_removed_keeps_nobody_out_and_is_not_taken(lock, data):
    Layout(data).active.unlink()
    assert not lock.take()
    assert lock.take()
    other = Lock(data)
    assert not other.take()
    other.close()


def test_it_keeps_what_it_has_open_where_the_directory_is_gone(lock, data):
    moved = Path(data).rename(Path(data).parent / "moved")
    before = lock.descriptor
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            lock.take()
    assert os.fstat(before).st_ino == (moved / "active.lock").stat().st_ino
    Path(data).mkdir()
    assert not lock.take()
    assert lock.take()


def test_a_command_does_not_mind_that_the_file_was_removed(data):
    with shared(data):
        Layout(data).active.unlink()
        with shared(data):
            assert Layout(data).active.exists()
