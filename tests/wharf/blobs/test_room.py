"""How much of the volume pushes may fill."""

import pytest

from wharf.blobs.interface import NoSpaceError
from wharf.blobs.room import Limits, Room

GIB = 1 << 30


@pytest.fixture
def volume(monkeypatch):
    """Sets the size of the volume and what is free of it."""

    def set_it(capacity, available):
        monkeypatch.setattr("wharf.blobs.disk.space", lambda path: (capacity, available))

    return set_it


@pytest.fixture
def room(layout, open_store):
    open_store()
    return Room(layout)


def test_the_larger_of_both_limits_holds():
    assert Limits().least(100 * GIB) == 0
    assert Limits(95).least(100 * GIB) == 5 * GIB
    assert Limits(95, 10 * GIB).least(100 * GIB) == 10 * GIB


@pytest.mark.parametrize(
    ("limits", "available", "message"),
    [
        (Limits(), 0, ""),
        (Limits(95), 5 * GIB, ""),
        (Limits(95), 4 * GIB, "the volume is 96.0% full, and takes pushes up to 95%"),
        (Limits(min_free=GIB), GIB, ""),
        (Limits(min_free=GIB), GIB - 1, "1023 MiB of the volume are free, and 1024 MiB are kept"),
    ],
)
def test_a_shortage_is_told_with_the_limit_that_was_met(room, volume, limits, available, message):
    volume(100 * GIB, available)
    room.limits = limits
    assert room.shortage().partition(": ")[0] == message


def test_a_refusal_is_noted_for_the_collector(room, volume, layout):
    volume(100 * GIB, GIB)
    room.require()
    room.limits = Limits(95)
    layout.refused.touch()
    before = layout.refused.stat().st_mtime_ns
    with pytest.raises(NoSpaceError, match="delete images, or grow the volume"):
        room.require()
    assert layout.refused.stat().st_mtime_ns > before


async def test_an_upload_that_would_meet_the_limit_is_refused_in_its_middle(open_store, volume, chunks):
    store = open_store(reserve=0)
    store.room.limits = Limits(95)
    volume(100 << 20, (5 << 20) + 100)
    upload = await store.start_upload("app")
    with pytest.raises(NoSpaceError, match="less than 5 MiB"):
        await store.append(upload, 0, chunks(b"x" * (2 << 20)))
