"""What the disk refuses becomes an error of the store with its meaning."""

import ctypes
import errno
import os
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from wharf.blobs import disk
from wharf.blobs.interface import NoSpaceError, StoreUnavailableError


@pytest.mark.parametrize(
    ("number", "error"),
    [(errno.ENOSPC, NoSpaceError), (errno.EDQUOT, NoSpaceError), (errno.EROFS, StoreUnavailableError),
     (errno.EIO, StoreUnavailableError), (errno.ENOENT, FileNotFoundError)],
)  # fmt: skip
def test_errors_of_the_disk_get_their_meaning(number, error):
    with pytest.raises(error), disk.translated():
        raise OSError(number, "the reason")


def test_directories_are_made_with_those_above(tmp_path):
    disk.make_directory(tmp_path / "a" / "b" / "c")
    disk.make_directory(tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c").is_dir()
    disk.sync(tmp_path / "a")


def test_many_share_a_lock_and_one_has_it_alone(tmp_path):
    path = tmp_path / "lock"
    alone = threading.Event()

    def take():
        with disk.locked(path, exclusive=True):
            alone.set()

    with disk.locked(path, exclusive=False), disk.locked(path, exclusive=False):
        thread = threading.Thread(target=take)
        thread.start()
        assert not alone.wait(0.05)
    assert alone.wait(10)
    thread.join()


def test_all_files_below_a_directory_are_measured(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "one").write_bytes(b"x" * 10)
    (tmp_path / "two").write_bytes(b"x" * 5)
    assert disk.measure(tmp_path) == 15
    assert disk.measure(tmp_path / "absent") == 0
    capacity, available = disk.space(tmp_path)
    assert capacity >= available > 0


def test_writing_can_be_started_early_and_is_only_a_hint(tmp_path, monkeypatch):
    with (tmp_path / "file").open("wb") as file:
        file.write(b"x" * 10_000)
        file.flush()
        disk.start_writing(file.fileno(), 0, 10_000)
        monkeypatch.setattr(disk, "_LIBC", object())
        disk.start_writing(file.fileno(), 0, 10_000)


def test_what_is_reserved_for_root_is_no_room(tmp_path, monkeypatch):
    figures = SimpleNamespace(f_blocks=100, f_bfree=40, f_bavail=30, f_frsize=4096)
    monkeypatch.setattr(disk.os, "statvfs", lambda path: figures)
    assert disk.space(tmp_path) == (90 * 4096, 30 * 4096)


@pytest.fixture(params=["with cachestat(2)", "without"])
def told(request, monkeypatch):
    """Whether the system tells of all pages."""
    if request.param == "without":
        monkeypatch.setattr(disk, "_CACHESTAT", ctypes.c_long(-1))
    return request.param == "with cachestat(2)"


def test_what_is_in_the_page_cache_only_in_part_is_not_there(tmp_path, told):
    size = 1 << 20
    with (tmp_path / "content").open("wb+") as file:
        file.write(os.urandom(size))
        file.flush()
        os.fsync(file.fileno())
        assert disk.cached(file.fileno(), 5, size - 5)
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        assert not disk.cached(file.fileno(), 0, size)
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_RANDOM)  # nothing is read ahead
        os.pread(file.fileno(), 1, size - 1)
        assert disk.cached(file.fileno(), size - 1, 1)
        assert disk.cached(file.fileno(), 0, size) is not told


def test_a_file_system_in_memory_has_all(monkeypatch, tmp_path):
    def refuse(*_):
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    (tmp_path / "content").write_bytes(b"content")
    monkeypatch.setattr(os, "preadv", refuse)
    with (tmp_path / "content").open("rb") as file:
        assert disk.cached(file.fileno(), 0, 7)


@pytest.fixture(params=["huge pages", "an older kernel", "no such advice", "no mapping"])
def _ways(request, monkeypatch):
    """What systems do when they are asked for a range of a file."""
    if request.param == "an older kernel":
        monkeypatch.setattr(disk, "READS_HUGE_PAGES", False)
    elif request.param == "no such advice":
        monkeypatch.setattr(disk, "_MADV_POPULATE_READ", -1)
    elif request.param == "no mapping":
        monkeypatch.setattr(disk, "_MMAP", lambda *_: disk._MAP_FAILED)


@pytest.mark.usefixtures("_ways")
@pytest.mark.parametrize(("at", "length"), [(0, 5 << 20), (3 << 20, 2 << 20), ((3 << 20) + 5, (2 << 20) - 5), (9, 99)])
def test_what_the_disk_is_asked_for_comes_into_the_page_cache(tmp_path, at, length):
    with (tmp_path / "content").open("wb+") as file:
        file.write(os.urandom(5 << 20))
        file.flush()
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        assert not disk.cached(file.fileno(), at, length)
        disk.fetch(file.fileno(), at, length)
        deadline = time.monotonic() + 10
        while not disk.cached(file.fileno(), at, length):
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_a_file_that_is_shorter_than_what_is_asked_for_hurts_nobody(tmp_path):
    (tmp_path / "content").write_bytes(os.urandom(100_000))
    with (tmp_path / "content").open("rb") as file:
        disk.fetch(file.fileno(), 0, 8 << 20)
        disk.fetch(file.fileno(), 4 << 20, 4 << 20)
        assert disk.cached(file.fileno(), 0, 100_000)
    assert str(tmp_path) not in Path("/proc/self/maps").read_text()
