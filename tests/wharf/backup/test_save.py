"""What is removed while a backup is made, and what is pushed."""

import io
import tarfile
import threading

from wharf.backup.save import save
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
