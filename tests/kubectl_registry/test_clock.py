"""The plugin's clock: aware, in UTC, and steady for deadlines."""

from datetime import timedelta

from kubectl_registry import clock


def test_now_is_aware_and_in_utc() -> None:
    assert clock.now().utcoffset() == timedelta(0)


def test_a_pause_takes_time_on_the_steady_clock() -> None:
    before = clock.steady()
    clock.pause(0.01)
    assert clock.steady() > before
