"""The bytes in use are counted without looking at each file each time."""

from wharf.blobs.usage import INTERVAL, Meter


def test_what_others_store_shows_after_the_next_measurement(tmp_path, clock):
    meter = Meter(tmp_path, clock)
    (tmp_path / "one").write_bytes(b"x" * 10)
    assert meter.usage().used == 10
    (tmp_path / "two").write_bytes(b"x" * 5)
    meter.add(-3)
    assert meter.usage().used == 7
    clock.now += INTERVAL + 1
    assert meter.usage().used == 15
