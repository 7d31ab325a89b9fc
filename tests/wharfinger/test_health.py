"""The probes fail when the operator no longer works."""

import asyncio

import pytest
from aiohttp.test_utils import TestClient, TestServer

from wharfinger import health
from wharfinger.health import Health
from wharfinger.kube.cache import Store
from wharfinger.kube.informer import Informer
from wharfinger.kube.queue import WorkQueue
from wharfinger.kube.resources import SECRET


@pytest.fixture
async def informer(client) -> Informer:
    informer = Informer(client, SECRET, Store(lambda _: None))
    informer.last_contact = informer.last_try
    return informer


@pytest.fixture
async def probe(informer):
    queue = WorkQueue()
    server = TestServer(Health(queue, [informer]).application())
    async with TestClient(server) as http:

        async def probe(path: str) -> tuple[int, str]:
            response = await http.get(path)
            return response.status, await response.text()

        probe.queue = queue
        yield probe


async def test_all_is_well_once_everything_is_listed(probe, informer) -> None:
    assert await probe("/readyz") == (503, "secrets: not listed yet\n")
    assert await probe("/healthz") == (200, "ok\n")
    informer.synced.set()
    assert await probe("/readyz") == (200, "ok\n")


async def test_an_api_server_that_is_away_is_no_reason_for_a_restart(probe, informer) -> None:
    informer.synced.set()
    informer.last_contact -= health._SILENT + 1
    informer.trouble = "connection refused"
    assert await probe("/readyz") == (503, "secrets: connection refused\n")
    assert (await probe("/healthz"))[0] == 200


async def test_a_watch_that_no_longer_tries_is(probe, informer) -> None:
    informer.synced.set()
    informer.last_try -= health._DEAD + 1
    code, text = await probe("/healthz")
    assert code == 503
    assert "the watch of secrets has been dead for 60" in text


async def test_a_stuck_queue_is(probe, informer, monkeypatch) -> None:
    informer.synced.set()
    monkeypatch.setattr(health, "_STUCK", 0.01)
    probe.queue.add("key")
    await asyncio.sleep(0.02)
    assert "the queue has been stuck" in (await probe("/healthz"))[1]


async def test_work_that_waits_for_an_api_server_is_not_stuck_and_for_a_right_it_is(
    probe, informer, monkeypatch
) -> None:
    informer.synced.set()
    monkeypatch.setattr(health, "_STUCK", 0.01)
    probe.queue.add("key")
    await asyncio.sleep(0.02)
    informer.trouble = "no answer"
    assert (await probe("/healthz"))[0] == 200
    informer.forbidden = informer.trouble
    assert (await probe("/healthz"))[0] == 503


async def test_one_that_stands_by_is_well_whatever_waits_in_its_queue(informer, monkeypatch) -> None:
    informer.synced.set()
    monkeypatch.setattr(health, "_STUCK", 0.01)
    queue = WorkQueue()
    queue.add("key")
    await asyncio.sleep(0.02)
    assert Health(queue, [informer], lambda: False).unready() == []
    assert Health(queue, [informer]).unready() != []


async def test_metrics_are_there_to_be_scraped(probe) -> None:
    code, text = await probe("/metrics")
    assert code == 200
    assert "# TYPE wharfinger_reconciles_total counter" in text
