"""Small disks for one test: ext4 in a file, and a file system in memory. They need root.

Rule: whatever is mounted is unmounted at the end of its block, also when the test fails.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.cluster.commands import run

QUIET_TRIES = 50
"""Times that a disk is copied until nothing was written to it meanwhile."""


def require_root() -> None:
    """Fail, and say why, without the right to mount."""
    if os.geteuid() != 0:
        pytest.fail("this test mounts disks: run it as root, as `make e2e` is run")


def make_disk(file: Path, megabytes: int) -> None:
    """Make an ext4 file system in a file."""
    require_root()
    with file.open("wb") as disk:
        disk.truncate(megabytes << 20)
    run(["mkfs.ext4", "-q", "-e", "remount-ro", "-E", "lazy_itable_init=0,lazy_journal_init=0", file])


@contextlib.contextmanager
def mounted(file: Path, place: Path) -> Iterator[Path]:
    """A disk, mounted at a directory that is made."""
    place.mkdir(parents=True, exist_ok=True)
    run(["mount", "-o", "loop", file, place])
    try:
        yield place
    finally:
        unmount(place)


@contextlib.contextmanager
def memory_disk(place: Path, megabytes: int) -> Iterator[Path]:
    """A file system in memory, of so many megabytes."""
    require_root()
    place.mkdir(parents=True, exist_ok=True)
    run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "wharf-test", place])
    try:
        yield place
    finally:
        unmount(place)


def break_disk(file: Path) -> None:
    """Let a mounted disk have an error, after which the kernel lets nobody write to it any more."""
    device = _device(file).name
    Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("an error that a test has made")


def mend_disk(file: Path) -> None:
    """Repair a disk that is not mounted."""
    done = subprocess.run(["e2fsck", "-fy", str(file)], capture_output=True, check=False)
    assert done.returncode in (0, 1), done.stdout.decode()


def unmount(place: Path) -> None:
    """Unmount; a process that was killed a moment ago may still be in the way."""
    for _ in range(QUIET_TRIES):
        if subprocess.run(["umount", str(place)], capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.1)
    run(["umount", "-l", place])


def copy_as_a_power_cut_would(disk: Path, copy: Path) -> None:
    """Copy a mounted disk as it is at one moment, without what the kernel has not written to it yet.

    Nobody may be using it; what the kernel writes by itself meanwhile is seen, and the copy is made again.
    """
    counters = _device(disk) / "stat"  # fields 4 to 6 are of writes, 8 is what is in flight
    for _ in range(QUIET_TRIES):
        before = counters.read_text().split()
        run(["cp", "--sparse=always", disk, copy])
        if counters.read_text().split()[4:7] == before[4:7] and before[8] == "0":
            return
    raise AssertionError(f"{disk} is never quiet for as long as it takes to copy it")


def _device(disk: Path) -> Path:
    """The loop device of a mounted disk, below /sys/block."""
    for backing in Path("/sys/block").glob("loop*/loop/backing_file"):
        if Path(backing.read_text().strip()) == disk:
            return backing.parents[1]
    raise AssertionError(f"{disk} is not mounted")
