"""The one clock, and how its time is written."""

from wharf import clock


def test_times_read_as_rfc_3339_in_utc():
    assert clock.rfc3339(1_800_000_000.25) == "2027-01-15T08:00:00.250000Z"
    assert clock.rfc3339(None) == ""


def test_the_clock_goes_forward():
    assert clock.now() > 1_700_000_000
