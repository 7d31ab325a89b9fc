"""What is removed while a backup is made, and what is pushed."""

import errno
import hashlib
import io
import tarfile
import threading

import pytest

from wharf.backup.restore import restore
from wharf.backup.save import Hashed, save
from wharf.blobs.paths import Layout
from wharf.garbage.exclusive import SweepRunningError, alone


class Held(io.BytesIO):
    """A sink that does something at the first byte."""

    def __init__(self, at_first):
        super().__init__()
        self._at_first = at_first

    def write(self, data):
        if self._at_first is not None:
            act, self._at_first = self._at_first, None
            act()
        return super().write(data)


def test_no_sweep_runs_while_a_backup_is_made_and_pushes_go_on(start, tmp_path):
    registry, layout, seen = start(), Layout(tmp_path / "data"), []
    registry.push_image("team/app", "v1")

    def meanwhile():
        seen.append(registry.push_image("team/app", "v2", layers=[b"meanwhile"])[0].status)
        try:
            with alone(layout.sweeping):
                seen.append("a sweep")
        except SweepRunningError:
            seen.append("no sweep")

    sink = Held(meanwhile)
    saved = save(layout, sink)
    assert seen == [201, "no sweep"]
    sink.seek(0)
    with tarfile.open(fileobj=sink) as archive:
        assert len(archive.getnames()) == saved.blobs + 2
    assert saved.blobs == 2, "as it was when the backup began"


def test_a_backup_waits_for_the_sweep_that_runs(start, tmp_path):
    registry, layout = start(), Layout(tmp_path / "data")
    registry.push_image("team/app", "v1")
    saved = []
    thread = threading.Thread(target=lambda: saved.append(save(layout, io.BytesIO())))
    with alone(layout.sweeping):
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
    thread.join(30)
    assert saved[0].blobs == 2


class Broken(io.BytesIO):
    """A file of which the disk gives only so much."""

    tries = 0

    def read(self, size=-1):
        if self.tell() + size > 6:
            self.tries += 1
            raise OSError(errno.EIO, "Input/output error")
        return super().read(size)


def test_what_the_disk_cannot_read_is_noughts_and_not_what_it_was():
    file = Broken(b"abcdefghi")
    hashed = Hashed(file, "sha256")
    assert [hashed.read(3) for _ in range(4)] == [b"abc", b"def", b"\0\0\0", b"\0\0\0"]
    assert hashed.hexdigest() == hashlib.sha256(b"abcdef" + bytes(6)).hexdigest()
    assert file.tries == 1


@pytest.mark.parametrize("damage", [b"mayer one", b"short", b"longer than it was"])
def test_damaged_content_is_named_and_the_archive_is_whole_but_for_it(start, tmp_path, damage):
    registry, layout, sink = start(), Layout(tmp_path / "data"), io.BytesIO()
    registry.push_image("team/app", "v1", layers=[b"layer one", b"layer two"])
    digest = f"sha256:{hashlib.sha256(b'layer one').hexdigest()}"
    layout.blob(digest).chmod(0o640)
    layout.blob(digest).write_bytes(damage)
    saved = save(layout, sink)
    assert (saved.damaged, saved.missing, saved.blobs) == ([digest], [], 2)
    sink.seek(0)
    restored = restore(Layout(tmp_path / "other"), sink)
    assert (restored.damaged, restored.missing, restored.blobs) == ([digest], [digest], 2)


def test_what_cannot_even_be_opened_is_missing_and_the_rest_is_saved(start, tmp_path):
    registry, layout = start(), Layout(tmp_path / "data")
    registry.push_image("team/app", "v1")
    digest = registry.push_blob("team/app", b"other")
    layout.blob(digest).unlink()
    layout.blob(digest).symlink_to(layout.blob(digest).name)  # a loop: as root, permissions keep nobody out
    saved = save(layout, io.BytesIO())
    assert (saved.damaged, saved.missing, saved.blobs) == ([], [digest], 2)
