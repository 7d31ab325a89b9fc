"""Conditions as Kubernetes keeps them."""

import datetime as dt

from wharfinger.api.meta import plain
from wharfinger.api.reasons import Reason
from wharfinger.decide.condition import bad, good
from wharfinger.decide.conditions import before, conditions

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(hours=1)


def written(finding, old=None, now=NOW, generation=1):
    (condition,) = conditions({"Ready": finding}, {"conditions": [old]} if old else {}, generation, now)
    return plain(condition)


def test_a_new_condition_turns_now():
    assert written(good(Reason.READY, "fine"), generation=3) == {
        "type": "Ready",
        "status": "True",
        "reason": "Ready",
        "message": "fine",
        "lastTransitionTime": "2026-03-01T00:00:00Z",
        "observedGeneration": 3,
    }


def test_time_stays_while_status_stays_even_if_the_reason_changes():
    old = written(bad(Reason.DEPLOYING, "a"))
    assert written(bad(Reason.POD_STARTING, "b"), old, LATER)["lastTransitionTime"] == old["lastTransitionTime"]


def test_time_moves_when_status_turns():
    old = written(bad(Reason.DEPLOYING, "a"))
    assert written(good(Reason.READY, "b"), old, LATER)["lastTransitionTime"] == "2026-03-01T01:00:00Z"


def test_a_message_is_never_too_long_for_the_api_server():
    assert len(written(bad(Reason.REFUSED, "x" * 100_000))["message"]) <= 32768


def test_an_unreadable_old_status_is_as_good_as_none():
    for old in ({}, {"conditions": None}, {"conditions": ["nonsense"]}, {"conditions": [{"type": "Other"}]}):
        assert before(old, "Ready") == {}
