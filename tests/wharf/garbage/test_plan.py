"""Each piece of content is kept or goes for a reason that the plan states."""

from wharf.garbage.plan import LONGEST_PUSH, QUIET, Horizon
from wharf.garbage.timeline import Jump, Timeline

NOW = 1_800_000_000.0
DAY = 86400.0


def test_the_times_that_decide():
    horizon = Horizon(Timeline(NOW), DAY)
    assert horizon.grace_begin == NOW - DAY
    assert horizon.quiet_begin == NOW - QUIET
    assert horizon.push_begin == NOW - DAY - LONGEST_PUSH
    assert horizon.last_moment == NOW - DAY + QUIET


def test_no_grace_period_is_shorter_than_a_push_may_pause():
    horizon = Horizon(Timeline(NOW), 0.0)
    assert horizon.grace_begin == NOW - QUIET
    assert horizon.last_moment == NOW


def test_a_clock_that_was_set_forward_ages_nothing():
    horizon = Horizon(Timeline(NOW + 100, (Jump(NOW - 365 * DAY, NOW),)), DAY)
    assert horizon.grace_begin == NOW - 365 * DAY - (DAY - 100)
    assert horizon.ago(NOW - 365 * DAY - 50) == "2 minutes ago"
