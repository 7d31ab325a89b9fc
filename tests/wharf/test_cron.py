"""Cron schedules mean what cron means by them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wharf.cron import MACROS, ScheduleError, parse


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("schedule", "now", "due"),
    [
        ("* * * * *", "2026-11-25T03:00:00", "2026-11-25T03:01:00"),
        ("0 3 * * *", "2026-11-25T02:59:59", "2026-11-25T03:00:00"),
        ("0 3 * * *", "2026-11-25T03:00:00", "2026-11-26T03:00:00"),
        ("*/15 * * * *", "2026-11-25T03:46:00", "2026-11-25T04:00:00"),
        ("5/20 * * * *", "2026-11-25T03:26:00", "2026-11-25T03:45:00"),
        ("0 22-23,1 * * *", "2026-11-25T23:30:00", "2026-11-26T01:00:00"),
        ("0 0 29 2 *", "2026-11-25T00:00:00", "2028-02-29T00:00:00"),
        ("0 0 29 2 *", "2096-03-01T00:00:00", "2104-02-29T00:00:00"),  # 2100 is no leap year
        ("0 0 31 * *", "2026-11-25T00:00:00", "2026-12-31T00:00:00"),
        ("30 4 * * 7", "2026-11-25T00:00:00", "2026-11-29T04:30:00"),
        ("30 4 * * sun", "2026-11-25T00:00:00", "2026-11-29T04:30:00"),
        ("0 0 * JAN-MAR *", "2026-11-25T00:00:00", "2027-01-01T00:00:00"),
        ("0 0 * 12 *", "2026-11-25T00:00:00", "2026-12-01T00:00:00"),
        ("0 0 13 * fri", "2026-11-25T00:00:00", "2026-11-27T00:00:00"),  # either day is enough
        ("0 0 */2 * fri", "2026-11-25T00:00:00", "2026-11-27T00:00:00"),  # both: a star does not restrict
        ("@hourly", "2026-12-31T23:00:00", "2027-01-01T00:00:00"),
        ("@weekly", "2026-11-25T00:00:00", "2026-11-29T00:00:00"),
    ],
)
def test_a_schedule_is_next_due(schedule, now, due):
    assert parse(schedule).after(at(now)) == at(due)


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ("", "is not a schedule"),
        ("@reboot", "is not a schedule"),
        ("0 3 * *", "write minute, hour"),
        ("60 * * * *", "'60' is not a minute: those are 0 to 59"),
        ("* * 0 * *", "is not a day of month"),
        ("* * * * 8", "is not a day of week"),
        ("* * * foo *", "is not a month"),
        ("mon * * * *", "is not a minute"),
        ("5-1 * * * *", "ends before it begins"),
        ("*/0 * * * *", "a step of nothing"),
        ("1,,2 * * * *", "is not a minute"),
        ("-1 * * * *", "is not a minute"),
        ("0 0 30 2 *", "never comes"),
        ("0 0 31 4,6,9,11 *", "never comes"),
    ],
)
def test_what_is_no_schedule_is_told_with_what_is_wrong(schedule, message):
    with pytest.raises(ScheduleError, match=message):
        parse(schedule)


def fields(least, most):
    number = st.integers(least, most)
    part = st.one_of(
        st.just("*"),
        number.map(str),
        st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}"),
        st.integers(1, 30).map(lambda step: f"*/{step}"),
    )
    return st.lists(part, min_size=1, max_size=3).map(",".join)


@settings(deadline=None, max_examples=50)
@given(
    st.tuples(fields(0, 59), fields(0, 23), fields(1, 28), fields(1, 12), fields(0, 7)).map(" ".join),
    st.integers(0, 4_000_000_000),
)
def test_the_next_time_is_in_the_schedule_and_none_before_it_is(text, now):
    schedule = parse(text)
    due = schedule.after(now)
    found = datetime.fromtimestamp(due, UTC)
    assert due > now
    assert (found.second, found.microsecond) == (0, 0)
    assert found.minute in schedule.minutes
    assert found.hour in schedule.hours
    assert schedule.after(due - 1) == due
    assert schedule.after((found - timedelta(minutes=1)).timestamp()) == due
    assert schedule.after((now + due) / 2) == due or (now + due) / 2 >= due


@pytest.mark.parametrize("macro", MACROS)
def test_every_macro_is_known(macro):
    assert parse(macro.upper()) == parse(MACROS[macro])
