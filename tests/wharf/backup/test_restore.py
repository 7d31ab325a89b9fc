"""What a restore leaves on the disk."""

import io

from wharf.backup.restore import restore
from wharf.backup.save import save
from wharf.blobs.paths import Layout


def test_files_are_those_that_a_push_leaves(start, tmp_path):
    registry, layout = start(), Layout(tmp_path / "data")
    registry.push_image("team/app", "v1")
    sink = io.BytesIO()
    save(layout, sink)
    sink.seek(0)
    other = Layout(tmp_path / "other")
    restored = restore(other, sink)
    assert (restored.blobs, restored.damaged, restored.missing) == (2, [], [])
    modes = [
        {path.relative_to(each.root): oct(path.stat().st_mode) for path in each.blobs.glob("*/*/*")}
        for each in (layout, other)
    ]
    assert modes[0] == modes[1]
    assert not list(other.root.rglob("*restoring*"))
