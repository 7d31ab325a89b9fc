"""Pulls that are answered and pulls that are told share what a second allows."""

import pytest

from wharf.webhooks.pace import BURST, LEAST, MOST, Pace

TICK = 0.25


def run(came, seconds, *, waiting=0, start=0.0):
    """How many a second are told while so many a second come."""
    pace, told, now = Pace(start), 0, start
    for _ in range(int(seconds / TICK)):
        now += TICK
        waiting += int(came * TICK)
        share = pace.share(now, waiting)
        pace.told(share)
        waiting, told = waiting - share, told + share
    return told / seconds


@pytest.mark.parametrize("came", [4, 40, 400])
def test_all_that_come_are_told_while_they_are_few(came):
    assert run(came, 20) == pytest.approx(came, rel=0.1)


@pytest.mark.parametrize("came", [5_000, 50_000])
def test_in_a_flood_only_few_are_told(came):
    assert LEAST / 2 < run(came, 20) <= LEAST


def test_what_a_flood_left_is_told_afterwards():
    assert run(0, 60, waiting=100_000) > MOST * 0.8


def test_a_flood_that_is_noted_in_bursts_is_one_all_the_same():
    pace, now, waiting, shares = Pace(0.0), 0.0, 0, []
    for number in range(200):
        now += TICK
        waiting += 3000 if number % 3 == 0 else 0
        share = pace.share(now, waiting)
        pace.told(share)
        waiting -= share
        shares.append(share)
    assert max(shares[10:]) < 10


def test_a_sheaf_that_was_more_than_the_share_is_taken_from_the_next():
    pace = Pace(0.0)
    assert pace.share(1.0, 1000) == BURST * LEAST or pace.share(1.0, 1000) > 0
    pace.told(500)
    assert pace.share(1.0 + TICK, 500) == 0


def test_a_long_pause_is_no_leave_for_a_burst():
    pace = Pace(0.0)
    pace.share(1.0, 0)
    assert pace.share(3600.0, 100) <= MOST * BURST
