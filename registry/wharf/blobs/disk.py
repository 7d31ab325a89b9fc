"""The few things that wharf does to files, and what the disk's errors mean.

Rule: everything here blocks, and is called from threads unless it is known to be short. What the disk refuses is raised
as an error of blobs/interface.py; a file that is not there stays FileNotFoundError, for the caller knows what it means.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import os
import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from wharf.blobs.interface import NoSpaceError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Errors that mean that there is no room."""

SHORTAGES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""Errors of a process that has too much open: they say nothing of the file, which may be as good as ever."""

HUGE_PAGE = 2 << 20
"""Bytes of a huge page where pages have 4 KiB; where they have more it is 32 or 512 MiB, which nobody asks for."""

READS_HUGE_PAGES = mmap.PAGESIZE == 4096 and tuple(map(int, re.findall(r"\d+", os.uname().release)[:2])) >= (5, 18)
"""Whether the kernel reads a mapped file in such pages if asked to; an older one would read 128 KiB at a time."""

_LIBC = ctypes.CDLL(None)
_SYNC_FILE_RANGE_WRITE = 2  # start writing, wait for nothing: sync_file_range(2)
_MADV_POPULATE_READ = 22  # madvise(2), since Linux 5.14
_MAP_FAILED = ctypes.c_void_p(-1).value
_MMAP = _LIBC.mmap
_MMAP.restype = ctypes.c_void_p
_MMAP.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long)
_CACHESTAT = ctypes.c_long(451)  # cachestat(2), since Linux 6.5


class _Range(ctypes.Structure):
    _fields_ = (("offset", ctypes.c_uint64), ("length", ctypes.c_uint64))


class _Cached(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint64) for name in ("pages", "dirty", "writing", "evicted", "just_evicted"))


@contextmanager
def translated() -> Iterator[None]:
    """Raise the disk's errors as NoSpaceError or StoreUnavailableError."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in FULL:
            raise NoSpaceError("the disk is full: free space or grow the volume, then push again") from error
        raise StoreUnavailableError(f"the volume refuses ({error.strerror}): look at it, then retry") from error


@contextmanager
def locked(path: Path, *, exclusive: bool) -> Iterator[None]:
    """Hold an advisory lock, among threads and processes."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def sync(path: Path) -> None:
    """Return when a file's bytes, or a directory's entries, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def start_writing(descriptor: int, offset: int, length: int) -> None:
    """Let the kernel begin to write out a range now, so that a later sync() has little left to wait for.

    Only a hint: where the system has no such call, or refuses, sync() does it all.
    """
    with suppress(AttributeError):  # not on this system
        _LIBC.sync_file_range(
            ctypes.c_int(descriptor),
            ctypes.c_int64(offset),
            ctypes.c_int64(length),
            ctypes.c_uint(_SYNC_FILE_RANGE_WRITE),
        )


def cached(descriptor: int, at: int, size: int) -> bool:
    """Whether the page cache has all of a range: then reading it holds nobody up.

    A page that the disk was asked for is counted before it is there, hence the look at the last byte. Where the system
    has no cachestat(2), or allows it not, that is all that is known.
    """
    told = _Cached()
    wanted = _Range(at, size)
    answer = _LIBC.syscall(
        _CACHESTAT, ctypes.c_int(descriptor), ctypes.byref(wanted), ctypes.byref(told), ctypes.c_uint(0)
    )
    if answer == 0 and told.pages < (at + size - 1) // mmap.PAGESIZE - at // mmap.PAGESIZE + 1:
        return False
    try:
        os.preadv(descriptor, [bytearray(1)], at + size - 1, os.RWF_NOWAIT)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno == errno.EOPNOTSUPP:
            return True  # a file system in memory
        raise
    return True


def fetch(descriptor: int, at: int, length: int) -> None:
    """Ask the disk for a range of a file, so that the page cache has it. May block until it is there.

    Only a hint: what cannot be read says so to whoever reads it.
    """
    if length < HUGE_PAGE or not _fetch_huge(descriptor, at, length):
        os.posix_fadvise(descriptor, at, length, os.POSIX_FADV_WILLNEED)


def _fetch_huge(descriptor: int, at: int, length: int) -> bool:
    """Have a range read in huge pages, of which the kernel then has the fewest to look after; whether it was.

    Only a mapping gets them whatever the disk's read-ahead is. Nobody looks into it, so a file that is cut short
    meanwhile hurts nobody (madvise(2), MADV_POPULATE_READ).
    """
    if not READS_HUGE_PAGES:
        return False
    start = at // HUGE_PAGE * HUGE_PAGE
    size = ctypes.c_size_t(at + length - start)
    found = _MMAP(None, size, mmap.PROT_READ, mmap.MAP_SHARED, descriptor, start)
    if found == _MAP_FAILED:
        return False
    mapping = ctypes.c_void_p(found)
    try:
        return not any(_LIBC.madvise(mapping, size, advice) for advice in (mmap.MADV_HUGEPAGE, _MADV_POPULATE_READ))
    finally:
        _LIBC.munmap(mapping, size)


def make_directory(path: Path) -> None:
    """Make a directory, and those above it, so that they survive a power cut."""
    if path.is_dir():
        return
    make_directory(path.parent)
    path.mkdir(exist_ok=True)
    sync(path.parent)


def space(path: Path | int) -> tuple[int, int]:
    """Size of the file system and what is free for us, in bytes; neither counts what is reserved for root, as in df."""
    with translated():
        figures = os.statvfs(path)
    reserved = figures.f_bfree - figures.f_bavail
    return (figures.f_blocks - reserved) * figures.f_frsize, figures.f_bavail * figures.f_frsize


def measure(path: Path) -> int:
    """Bytes of all files below a directory. A file that vanishes meanwhile counts as nothing."""
    total = 0
    try:
        entries = list(os.scandir(path))
    except FileNotFoundError:
        return 0
    for entry in entries:
        try:
            if entry.is_dir(follow_symlinks=False):
                total += measure(path / entry.name)
            else:
                total += entry.stat(follow_symlinks=False).st_size
        except FileNotFoundError:
            continue
    return total
