"""Events are written once and counted after that."""

from aiohttp import web
from tests.wharfinger.apply.conftest import NOW, TEAM

from wharfinger.apply.events import Recorder
from wharfinger.decide.plan import Event
from wharfinger.kube.resources import EVENT

MADE = Event("Normal", "DeploymentCreated", "Created Deployment 'team'", TEAM)


def events(api) -> list[dict]:
    return [obj for (plural, _, _), obj in api.objects.items() if plural == EVENT.plural]


async def test_an_event_says_what_about_what_and_who_says_it(api, registry, recorder) -> None:
    await recorder.record(MADE, registry)
    (event,) = events(api)
    assert event["involvedObject"]["kind"] == "Registry"
    assert event["involvedObject"]["uid"] == "uid-team"
    assert (event["type"], event["reason"], event["message"]) == ("Normal", MADE.reason, MADE.message)
    assert event["source"] == {"component": "wharfinger"}
    assert event["reportingInstance"] == "operator-0"
    assert event["firstTimestamp"] == event["lastTimestamp"] == "2026-03-01T12:00:00Z"


async def test_the_same_again_only_counts(api, registry, recorder) -> None:
    for _ in range(3):
        await recorder.record(MADE, registry)
    await recorder.record(Event("Normal", "DeploymentChanged", "Changed", TEAM), registry)
    assert [event["count"] for event in events(api)] == [3, 1]
    assert len(api.seen("create")) == 2


async def test_counting_goes_on_after_a_restart(api, client, registry, recorder) -> None:
    await recorder.record(MADE, registry)
    await Recorder(client, lambda: NOW, "operator-1").record(MADE, registry)
    assert [event["count"] for event in events(api)] == [2]


async def test_an_event_that_has_expired_begins_anew(api, registry, recorder) -> None:
    await recorder.record(MADE, registry)
    api.remove(EVENT, events(api)[0]["metadata"]["name"])
    await recorder.record(MADE, registry)
    assert [event["count"] for event in events(api)] == [1]


async def test_an_event_that_cannot_be_written_is_let_go(api, registry, recorder, caplog) -> None:
    api.fail("create", lambda: web.json_response({"message": "forbidden"}, status=403))
    await recorder.record(MADE, registry)
    assert events(api) == []
    assert "was not written" in caplog.text


async def test_a_long_message_is_cut(api, registry, recorder) -> None:
    await recorder.record(Event("Warning", "Refused", "x" * 5000, TEAM), registry)
    assert len(events(api)[0]["message"]) == 1024


async def test_the_memory_of_events_is_bounded(registry, recorder, monkeypatch) -> None:
    monkeypatch.setattr("wharfinger.apply.events._REMEMBERED", 2)
    for number in range(4):
        await recorder.record(Event("Normal", "UserCreated", str(number), TEAM), registry)
    assert len(recorder._series) == 2
