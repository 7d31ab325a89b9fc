"""Requests that are answered and pulls that are told share what a second allows."""

import time

import pytest

from wharf.webhooks import pace as module
from wharf.webhooks.pace import BURST, LEAST, MOST, WRITE, Pace, demand, weight

TICK = 0.25


class Second:
    """A registry that answers and is busy as it is said to be; time passes by ticks."""

    def __init__(self, waiting=0):
        self.pace, self.now, self.waiting = Pace(0.0, 0.0, 0.0), 0.0, waiting
        self.answered = self.demand = 0.0

    def tick(self, pulls=0, requests=0, busy=0.0, webhooks=1):
        """How many are told in a tick, in which so many pulls and other requests come."""
        self.now += TICK
        self.waiting += pulls
        self.answered += requests
        self.demand += busy * TICK
        share = self.pace.share(self.now, self.waiting, self.answered, self.demand, webhooks)
        self.pace.told(share)
        self.waiting -= share
        return share


@pytest.mark.parametrize("pulls", [1, 10, 100])
def test_all_that_come_are_told_while_they_are_few(pulls):
    second = Second()
    told = sum(second.tick(pulls) for _ in range(40))
    assert told >= 39 * pulls


@pytest.mark.parametrize(
    "load",
    [{"pulls": 5000}, {"requests": 300}, {"busy": 1.0}, {"busy": 1.7}],
    ids=["pulls", "pushes", "busy", "threads"],
)
def test_who_answers_goes_first(load):
    second = Second(waiting=100_000)
    second.tick(**load)
    told = sum(second.tick(**load) for _ in range(80)) / 20
    assert LEAST / 2 < told <= LEAST


def test_what_is_sent_at_least_is_shared_by_the_webhooks():
    second = Second(waiting=100_000)
    second.tick(busy=1.0, webhooks=4)
    told = sum(second.tick(busy=1.0, webhooks=4) for _ in range(160)) / 40
    assert LEAST / 8 < told <= LEAST / 4


def test_no_webhook_asks_for_nothing():
    assert Second().tick(webhooks=0) == 0


def test_what_a_flood_left_is_told_afterwards():
    second = Second()
    for _ in range(40):
        second.tick(5000)
    assert sum(second.tick() for _ in range(80)) / 20 > MOST / 2


def test_half_of_the_time_is_used_while_the_thread_is_half_idle():
    second = Second(waiting=100_000)
    assert sum(second.tick(busy=0.5) for _ in range(40)) / 10 == pytest.approx(MOST / 2, rel=0.1)


def test_a_flood_that_is_noted_in_bursts_is_one_all_the_same():
    second = Second()
    shares = [second.tick(3000 if number % 3 == 0 else 0) for number in range(100)]
    assert max(shares[10:]) < 10


def test_a_sheaf_that_was_more_than_the_share_is_taken_from_the_next():
    second = Second(waiting=1000)
    assert second.tick() > 0
    second.pace.told(1000)
    assert second.tick() == 0


def test_a_long_pause_is_no_leave_for_a_burst():
    second = Second(waiting=100_000)
    second.now = 3600.0
    assert second.tick() <= MOST * BURST


def test_demand_grows_with_what_the_thread_does(monkeypatch, tmp_path):
    for scheduled in (module._SCHEDULED, tmp_path / "none"):
        monkeypatch.setattr(module, "_SCHEDULED", scheduled)
        before, end = demand(), time.thread_time() + 0.02
        while time.thread_time() < end:
            pass
        assert demand() - before > 0.015


def test_waiting_for_a_processor_is_demand(monkeypatch, tmp_path):
    scheduled = tmp_path / "schedstat"
    scheduled.write_text("1500000000 500000000 7\n")
    monkeypatch.setattr(module, "_SCHEDULED", scheduled)
    assert demand() == 2.0


def test_a_write_counts_as_several_requests():
    seen = {("GET", "tags", "200"): 10.0, ("HEAD", "blob", "200"): 5.0, ("PUT", "manifest", "201"): 3.0}
    assert weight(seen) == 15 + 3 * WRITE
    assert weight({}) == 0


def test_pushes_that_answer_few_requests_are_yielded_to():
    second = Second(waiting=100_000)
    pushes = weight({("POST", "blob-upload", "202"): 65.0})  # 260 a second: 20 images of 5 layers
    second.tick(requests=pushes)
    assert sum(second.tick(requests=pushes) for _ in range(80)) / 20 <= LEAST


def test_time_in_which_the_process_was_stopped_is_not_idle_time():
    second = Second(waiting=10_000)
    for _ in range(20):
        second.tick(requests=100, busy=1.0)
    now, answered, busy = second.now + 60.0, second.answered + 100, second.demand + TICK
    assert second.pace.share(now, second.waiting, answered, busy) < (MOST - 100 / TICK) * BURST / 4
