"""A replica is asked over TLS, by name, with the token, and not for long."""

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from tests.wharfinger.observe.conftest import STATUS

from wharfinger.kube.cache import Key
from wharfinger.observe.poller import Answer, Pace, Poller, _Watched

TEAM = Key("ci", "team")
QUICK = Pace(first=0.01, eager=0.02, steady=30.0, patience=5, each=0.0)


@pytest.fixture
def told() -> list[Key]:
    return []


@pytest.fixture
async def poller(asker, told) -> AsyncIterator[Poller]:
    poller = Poller(asker, told.append, QUICK)
    yield poller
    await poller.close()


async def at_rest(pod, poller, until) -> None:
    """Follow a pod of a Registry that is as it should be, and have heard it once."""
    poller.follow(TEAM, frozenset({pod.target()}), eager=False)
    poller.nudge(TEAM)
    await until(lambda: poller.answers(TEAM))


async def test_a_pod_is_asked_and_the_registry_looked_at_again(pod, poller, told, until) -> None:
    poller.follow(TEAM, frozenset({pod.target()}), eager=True)
    await until(lambda: poller.answers(TEAM))
    answer = poller.answers(TEAM)["p0"]
    assert answer.report is not None
    assert answer.report.used == 3
    assert told == [TEAM]


async def test_while_converging_polls_are_quick_and_only_news_is_told(pod, poller, told, until) -> None:
    poller.follow(TEAM, frozenset({pod.target()}), eager=True)
    await until(lambda: len(pod.tokens) >= 4)
    assert told == [TEAM]
    pod.answer = lambda: web.json_response({**STATUS, "version": "0.2.0"})
    await until(lambda: len(told) == 2)


async def test_after_a_start_the_pods_of_a_registry_at_rest_are_asked_in_their_turn_or_when_needed(
    pod, poller, told, until
) -> None:
    poller.follow(TEAM, frozenset({pod.target()}), eager=False)
    await asyncio.sleep(0.05)
    assert (pod.tokens, poller.unheard(TEAM)) == ([], {"p0"})
    poller.nudge(TEAM)
    await until(lambda: told)
    assert poller.unheard(TEAM) == frozenset()


async def test_the_turn_comes_by_itself(asker, pod, told, until) -> None:
    poller = Poller(asker, told.append, Pace(steady=0.02, each=0.0))
    poller.follow(TEAM, frozenset({pod.target()}), eager=False)
    await until(lambda: told)
    await poller.close()


async def test_in_a_steady_state_polls_are_slow_until_something_changes(pod, poller, until) -> None:
    await at_rest(pod, poller, until)
    await asyncio.sleep(0.1)
    assert len(pod.tokens) == 1
    poller.follow(TEAM, frozenset({pod.target()}), eager=False)
    await asyncio.sleep(0.05)
    assert len(pod.tokens) == 1, "the same again changes nothing"
    poller.nudge(TEAM)
    await until(lambda: len(pod.tokens) == 2)
    poller.follow(TEAM, frozenset({pod.target()}), eager=True)
    await until(lambda: len(pod.tokens) >= 4)


async def test_a_pod_that_was_just_found_is_unknown_until_it_answers_or_fails_twice(pod, poller, told, until) -> None:
    pod.answer = lambda: web.json_response({}, status=503)
    poller.follow(TEAM, frozenset({pod.target()}), eager=False)
    assert poller.unheard(TEAM)
    poller.nudge(TEAM)
    await until(lambda: told)
    assert len(pod.tokens) == 2
    assert not poller.unheard(TEAM)
    assert poller.answers(TEAM)["p0"].report is None
    poller.follow(TEAM, frozenset({pod.target(), pod.target(uid="p1")}), eager=False)
    assert poller.unheard(TEAM)
    assert not poller.unheard(Key("ci", "nobody"))


async def test_polling_ends_although_it_was_just_woken(pod, poller, until) -> None:
    await at_rest(pod, poller, until)
    task = poller._watched[TEAM].task
    poller.nudge(TEAM)
    poller.forget(TEAM)
    await until(task.cancelled)


async def test_what_is_still_coming_about_sets_the_pace(pod, poller, until) -> None:
    await at_rest(pod, poller, until)
    poller.pace(TEAM, eager=True)
    await until(lambda: len(pod.tokens) >= 4)
    poller.pace(Key("ci", "nobody"), eager=True)


async def test_eagerness_fades_when_nothing_comes_of_it(pod, poller, until) -> None:
    poller.follow(TEAM, frozenset({pod.target()}), eager=True)
    await until(lambda: poller._watched[TEAM].polls > 12)
    assert poller._delay(poller._watched[TEAM]) > QUICK.eager


async def test_many_registries_are_polled_less_often(asker, told) -> None:
    poller = Poller(asker, told.append, Pace(steady=30.0, each=0.1))
    poller._watched = dict.fromkeys([Key("ci", str(number)) for number in range(1000)], None)
    heard = _Watched(frozenset(), eager=False, told={"p0": Answer(None)})
    assert poller._delay(heard) == pytest.approx(100.0)
    assert 0.0 <= poller._delay(_Watched(frozenset(), eager=False)) <= 100.0
    poller._pace = Pace()
    assert poller._delay(heard) == pytest.approx(600.0)
    heard.filling = True
    assert poller._delay(heard) == pytest.approx(75.0)
    heard.filling = False
    poller._watched = dict.fromkeys([Key("ci", str(number)) for number in range(10_000)], None)
    assert poller._delay(heard) == pytest.approx(600.0)


async def test_one_missed_answer_changes_nothing_and_two_do(pod, poller, told, until) -> None:
    await at_rest(pod, poller, until)
    failing = [web.Response(status=500)]
    pod.answer = lambda: failing.pop() if failing else web.json_response(STATUS)
    poller.nudge(TEAM)
    await until(lambda: len(pod.tokens) >= 3)
    assert told == [TEAM]
    pod.answer = lambda: web.Response(status=500)
    poller.nudge(TEAM)
    await until(lambda: len(told) == 2)
    assert poller.answers(TEAM)["p0"].report is None
    assert "500" in poller.answers(TEAM)["p0"].error


async def test_other_pods_are_asked_at_once_and_old_answers_dropped(pod, poller, until) -> None:
    await at_rest(pod, poller, until)
    poller.follow(TEAM, frozenset({pod.target(uid="p1")}), eager=False)
    await until(lambda: set(poller.answers(TEAM)) == {"p1"})


async def test_a_registry_without_pods_is_polled_no_more(pod, poller, until) -> None:
    poller.follow(TEAM, frozenset({pod.target()}), eager=True)
    await until(lambda: poller.answers(TEAM))
    poller.follow(TEAM, frozenset(), eager=True)
    assert poller.answers(TEAM) == {}
    asked = len(pod.tokens)
    await asyncio.sleep(0.05)
    assert len(pod.tokens) <= asked + 1
    poller.nudge(TEAM)
    poller.forget(TEAM)


async def test_a_pod_that_hangs_holds_up_nobody_else(pod, poller, until, monkeypatch) -> None:
    monkeypatch.setattr("wharfinger.observe.report._SECONDS", 0.2)
    pod.gate.clear()
    poller.follow(TEAM, frozenset({pod.target()}), eager=True)
    poller.follow(Key("ci", "other"), frozenset({pod.target(uid="p9", ca="")}), eager=True)
    await until(lambda: poller.answers(Key("ci", "other")))
    assert poller.answers(TEAM) == {}


async def test_a_byte_more_or_less_on_the_disk_is_no_news(pod, poller, told, until) -> None:
    available = itertools.count(50_000_000_000, 4096)
    storage = {"used": 3, "capacity": 100_000_000_000, "readOnly": False}
    pod.answer = lambda: web.json_response({**STATUS, "storage": {**storage, "available": next(available)}})
    poller.follow(TEAM, frozenset({pod.target()}), eager=True)
    await until(lambda: len(pod.tokens) >= 5)
    assert told == [TEAM]
    report = poller.answers(TEAM)["p0"].report
    assert report is not None
    assert report.available > 50_000_000_000, "what is kept is exact"
    assert not poller._watched[TEAM].filling
    storage["used"] = 20_000_000
    filled: list[bool] = []
    poller._on_change = lambda _: filled.append(poller._watched[TEAM].filling)
    await until(lambda: filled)
    assert filled == [True], "it is asked more often for a while"
