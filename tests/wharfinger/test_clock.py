"""The one clock."""

from datetime import timedelta

from wharfinger import clock


def test_the_time_is_aware_and_in_utc() -> None:
    assert clock.now().utcoffset() == timedelta(0)
    assert clock.now() <= clock.now()
