"""Pulls are told of in groups, off the path of the request."""

import asyncio

import pytest

from wharf.http import pulls
from wharf.http.pulls import Pulls
from wharf.metadata.interface import Event, IndexFullError
from wharf.metrics import Metrics


def event(number):
    return Event(f"event-{number}", "2027-01-15T08:00:00Z", "pull", "team/app")


class Recorder:
    """Stands for the index: keeps the groups that it is asked to record."""

    def __init__(self):
        self.groups = []
        self.full = False

    async def record(self, events):
        if self.full:
            raise IndexFullError("full")
        self.groups.append([each.id for each in events])


@pytest.fixture
def index():
    return Recorder()


async def test_what_comes_together_is_written_together_and_the_last_at_the_end(index, monkeypatch):
    monkeypatch.setattr(pulls, "INTERVAL", 0.02)
    noted = Pulls(index, Metrics())
    running = asyncio.create_task(noted.run())
    noted.note(event(1), event(2))
    await noted.tell(event(3))
    assert index.groups == []
    async with asyncio.timeout(10):
        while not index.groups:  # noqa: ASYNC110 - the recorder is no event
            await asyncio.sleep(0.005)
    noted.note(event(4))
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running])
    assert index.groups == [["event-1", "event-2", "event-3"], ["event-4"]]


async def test_when_many_wait_a_pull_does_too(index, monkeypatch):
    monkeypatch.setattr(pulls, "FULL", 2)
    noted = Pulls(index, Metrics())
    await noted.tell(event(1))
    assert not noted.full
    await noted.tell(event(2))
    assert index.groups == [["event-1", "event-2"]]
    noted.note(event(3), event(4))
    assert noted.full


async def test_what_cannot_be_written_is_counted_and_no_pull_fails(index):
    metrics = Metrics()
    noted = Pulls(index, metrics)
    index.full = True
    noted.note(event(1))
    await noted.tell(event(2))
    await noted.flush()
    assert "wharf_pull_events_lost_total 2" in metrics.exposition()


def test_a_pull_that_is_answered_again_from_memory_is_told_each_time(start):
    registry = start(webhooks=[{"name": "hook", "url": "http://127.0.0.1:9/", "suspended": True, "events": ["pull"]}])
    registry.push_image("a", "v1")
    for _ in range(5):
        assert registry.request("GET", "/v2/a/manifests/v1").status == 200
    registry.request("HEAD", "/v2/a/manifests/v1")
    registry.call(registry.wharf._services.pulls.flush)
    found = registry.call(registry.wharf._background._outbox.pending, "hook", "a", 100)
    assert [each.event.action for each in found] == ["pull"] * 5
    assert len({each.event.id for each in found}) == 5
    assert len({each.event.request_id for each in found}) == 5
    assert {each.event.tag for each in found} == {"v1"}
