"""Pulls are told of in groups, off the path of the request."""

import asyncio

import pytest

from wharf.http import pulls
from wharf.http.pulls import Pulls
from wharf.metadata.interface import Event, IndexFullError
from wharf.metadata.request_ids import Series
from wharf.metrics import Metrics

NOW = 1_800_000_000.0


def event(number):
    about = {"request_id": f"r{number}", "request_address": "192.0.2.1"}
    return Event(f"event-{number}", "2027-01-15T08:00:00Z", "pull", "team/app", **about)


class Index:
    """Stands for the index: keeps the groups of pulls that it is asked to note, by their requests."""

    def __init__(self):
        self.groups = []
        self.full = False

    async def note_pulls(self, pulls):
        if self.full:
            raise IndexFullError("full")
        self.groups.append([each for _, ids, _, _ in pulls for each in ([ids] if isinstance(ids, str) else ids.ids())])


@pytest.fixture
def index():
    return Index()


@pytest.fixture
def noted(index):
    return Pulls(index, Metrics(), lambda: NOW)


async def test_what_comes_together_is_noted_together_and_the_last_at_the_end(index, noted, monkeypatch):
    monkeypatch.setattr(pulls, "INTERVAL", 0.02)
    running = asyncio.create_task(noted.run())
    noted.add([(event(1), Series("again-", 1, 2), "", NOW)])
    await noted.tell(event(3))
    assert index.groups == []
    async with asyncio.timeout(10):
        while not index.groups:  # noqa: ASYNC110 - the index is no event
            await asyncio.sleep(0.005)
    await noted.tell(event(4))
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running])
    assert index.groups == [["again-0001", "again-0002", "r3"], ["r4"]]


async def test_what_is_held_back_comes_before_what_is_later_and_is_asked_for_once(index, noted):
    gathered = []

    def gather():
        gathered.append(True)
        noted.add([(event(1), Series("r", 1, 2), "", NOW)])

    noted.hold(gather)
    noted.hold(gather)
    await noted.tell(event(3))
    await noted.flush()
    assert index.groups == [["r0001", "r0002", "r3"]]
    noted.hold(gather)
    await noted.flush()
    assert index.groups[1:] == [["r0001", "r0002"]]
    assert len(gathered) == 2


async def test_what_is_held_back_is_noted_without_another_pull_and_at_the_end(index, noted, monkeypatch):
    monkeypatch.setattr(pulls, "INTERVAL", 0.02)
    running = asyncio.create_task(noted.run())
    noted.hold(lambda: noted.add([(event(1), "r1", "", NOW)]))
    async with asyncio.timeout(10):
        while not index.groups:  # noqa: ASYNC110 - the index is no event
            await asyncio.sleep(0.005)
    noted.hold(lambda: noted.add([(event(2), "r2", "", NOW)]))
    running.cancel()
    await asyncio.wait([running])
    assert index.groups == [["r1"], ["r2"]]


async def test_when_many_wait_a_pull_does_too(index, noted, monkeypatch):
    monkeypatch.setattr(pulls, "FULL", 2)
    await noted.tell(event(1))
    assert not noted.full
    await noted.tell(event(2))
    assert index.groups == [["r1", "r2"]]
    noted.add([(event(3), Series("r", 3, 2), "", NOW)])
    assert noted.full


async def test_what_cannot_be_noted_is_counted_and_no_pull_fails(index):
    metrics = Metrics()
    noted = Pulls(index, metrics, lambda: NOW)
    index.full = True
    await noted.tell(event(1))
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
    registry.call(registry.wharf._background._pulls.unfold, 100)
    found = registry.call(registry.wharf._background._outbox.pending, "hook", "a", 100)
    assert [each.event.action for each in found] == ["pull"] * 5
    assert len({each.event.id for each in found}) == 5
    assert len({each.event.request_id for each in found}) == 5
    assert {each.event.tag for each in found} == {"v1"}
