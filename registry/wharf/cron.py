"""Cron schedules in UTC: what a line of five fields means, and when it is next due. Pure.

Rule: as crontab(5) has it: minute, hour, day of month, month, day of week, each `*`, a number, a range, a step, or a
list of these; months and days of the week by name too; 7 is Sunday; where both kinds of day are restricted, either is
enough. `@hourly`, `@daily`, `@weekly`, `@monthly` and `@yearly` are short for what cron takes them for. There is no
daylight saving time in UTC, so every schedule comes as often as it says.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
_PART = re.compile(r"(?:(\*)|([0-9]{1,2}|[a-z]{3})(?:-([0-9]{1,2}|[a-z]{3}))?)(?:/([0-9]{1,2}))?")

_HORIZON_DAYS = 366 * 8 + 3
"""Days after which a schedule is known never to come: from one 29 February to the next it takes eight years at most."""


class ScheduleError(ValueError):
    """Not a schedule; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    least: int
    most: int
    names: dict[str, int]


_FIELDS = (
    _Field("minute", 0, 59, {}),
    _Field("hour", 0, 23, {}),
    _Field("day of month", 1, 31, {}),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 7, _DAYS),
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The times of a schedule. `either`: both kinds of day are restricted, and one of them is enough."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # 0 is Sunday
    either: bool

    def after(self, time: float) -> float:
        """The first time of the schedule later than `time`, in Unix seconds."""
        begin = datetime.fromtimestamp(time, UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        day = begin.replace(hour=0, minute=0)
        for _ in range(_HORIZON_DAYS):
            if self._is_on(day):
                for hour in self.hours:
                    for minute in self.minutes:
                        if (found := day.replace(hour=hour, minute=minute)) >= begin:
                            return found.timestamp()
            if day.month in self.months:
                day += timedelta(days=1)
            else:
                day = (day + timedelta(days=32 - day.day)).replace(day=1)
        raise ScheduleError("there is no such day")

    def _is_on(self, day: datetime) -> bool:
        if day.month not in self.months:
            return False
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return of_month or of_week if self.either else of_month and of_week


def parse(text: str) -> Schedule:
    """The schedule of a line. Raises ScheduleError, for one that never comes as well."""
    fields = MACROS.get(text.strip().lower(), text).lower().split()
    if len(fields) != len(_FIELDS):
        raise ScheduleError(
            f"{text!r} is not a schedule: write minute, hour, day of month, month and day of week, such as 0 3 * * *"
        )
    minutes, hours, days, months, weekdays = (_values(field, part) for field, part in zip(_FIELDS, fields, strict=True))
    schedule = Schedule(
        tuple(sorted(minutes)),
        tuple(sorted(hours)),
        frozenset(days),
        frozenset(months),
        frozenset(day % 7 for day in weekdays),
        either=not fields[2].startswith("*") and not fields[4].startswith("*"),
    )
    try:
        schedule.after(0.0)
    except ScheduleError as error:
        raise ScheduleError(f"{text!r} never comes: {error}") from None
    return schedule


def _values(field: _Field, text: str) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ScheduleError(
                f"{part!r} is not a {field.name}: write *, a number, a range such as 1-5, or a step */2"
            )
        star, first, last, step = match.groups()
        begin = field.least if star else _number(field, first)
        # `5/15` is `5-59/15`, as cron has it
        end = _number(field, last) if last else field.most if star or step else begin
        if begin > end:
            raise ScheduleError(f"{part!r} ends before it begins")
        if step and not int(step):
            raise ScheduleError(f"{part!r} has a step of nothing")
        found.update(range(begin, end + 1, int(step or 1)))
    return found


def _number(field: _Field, text: str) -> int:
    number = field.names.get(text, int(text) if text.isdigit() else -1)
    if not field.least <= number <= field.most:
        raise ScheduleError(f"{text!r} is not a {field.name}: those are {field.least} to {field.most}")
    return number
