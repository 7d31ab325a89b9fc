"""What the configuration says comes about, and no webhook waits for another."""

import asyncio

import pytest
from aiohttp.test_utils import unused_port

from wharf import clock
from wharf.webhooks import delivery
from wharf.webhooks.courier import Courier
from wharf.webhooks.delivery import Deliveries
from wharf.webhooks.pace import Pace


@pytest.fixture
def nowhere():
    return f"http://127.0.0.1:{unused_port()}"


async def test_a_commit_wakes_delivery_at_once(site, receiver, hook, monkeypatch):
    monkeypatch.setattr(delivery, "POLL", 60.0)
    await site.configure(hook(receiver.url))
    await asyncio.sleep(0.05)  # let it find the outbox empty
    await site.push(1)
    await site.until(lambda: receiver.received == ["event-1"])


async def test_a_commit_of_another_process_is_found_by_looking(index, outbox, site, receiver, hook, monkeypatch):
    monkeypatch.setattr(delivery, "POLL", 0.02)
    deliveries = site.deliveries = Deliveries(outbox, site.pulls, clock.now)  # nobody wakes it
    looking = asyncio.create_task(deliveries.run())
    await site.configure(hook(receiver.url))
    await asyncio.sleep(0.05)
    await site.push(1)
    await site.until(lambda: receiver.received == ["event-1"])
    looking.cancel()
    await deliveries.stop()


async def test_while_all_look_anyway_nobody_looks_for_them(outbox, site, receiver, hook, monkeypatch):
    monkeypatch.setattr(delivery, "POLL", 0.01)
    asked, waiting = [], outbox.waiting

    async def ask():
        asked.append(True)
        return await waiting()

    monkeypatch.setattr(outbox, "waiting", ask)
    await site.configure(hook(receiver.url))
    await site.until(lambda: asked)
    monkeypatch.setattr(Courier, "looked", lambda *_: True)
    await asyncio.sleep(0.05)  # one that is under way
    asked.clear()
    await asyncio.sleep(0.1)
    assert not asked
    monkeypatch.undo()
    monkeypatch.setattr(delivery, "POLL", 0.01)
    monkeypatch.setattr(site.index, "announce", lambda _: None)
    await site.push(1)
    await site.until_state(delivered=1)


async def test_an_endpoint_that_is_down_delays_nobody_else(site, receiver, hook, nowhere):
    await site.configure(hook(nowhere, "down"), hook(receiver.url, "up"))
    await site.push(*range(20))
    await site.until_state("up", delivered=20)
    assert await site.has("down", delivered=0, pending=20)


async def test_ten_thousand_events_to_a_dead_endpoint_delay_no_event_of_another(site, receiver, hook, nowhere):
    """Functional: what is pushed while they wait, arrives while they wait."""
    await site.configure(hook(nowhere, "down"))
    for start in range(0, 10_000, 1000):
        await site.push(*range(start, start + 1000), repository=f"team/{start}")
    await site.configure(hook(nowhere, "down"), hook(receiver.url, "up"))
    await site.push(*range(10_000, 10_010))
    await site.until(lambda: len(receiver.received) == 10)
    assert await site.has("down", pending=10_010)


async def test_a_suspended_webhook_keeps_its_events(site, receiver, hook):
    await site.configure(hook(receiver.url, suspended=True))
    await site.push(1, 2)
    await asyncio.sleep(0.05)
    assert receiver.requests == []
    await site.configure(hook(receiver.url))
    await site.until_state(delivered=2)


async def test_a_webhook_that_is_no_more_is_not_told_and_the_others_are_not_disturbed(site, receiver, hook, nowhere):
    down, up = hook(nowhere, "down"), hook(receiver.url, "up")
    await site.configure(down, up)
    receiver.gate.clear()
    await site.push(1)
    await site.until(lambda: len(receiver.requests) == 1)
    await site.configure(up)
    receiver.gate.set()
    await site.until_state("up", delivered=1)
    assert len(receiver.requests) == 1


async def test_a_webhook_that_is_made_again_goes_on_where_it_was(site, receiver, hook):
    suspended = hook(receiver.url, suspended=True)
    await site.configure(suspended)
    await site.push(1)
    await site.configure()
    await site.configure(hook(receiver.url))
    await site.until(lambda: receiver.received == ["event-1"])


async def test_a_new_text_replays_the_dead_letters_once(site, receiver, hook, nowhere):
    await site.configure(hook(nowhere, max_attempts=1))
    await site.push(1, 2)
    await site.until_state(dead=2)
    await site.configure(hook(receiver.url, replay="a"))
    await site.until_state(delivered=2, dead=0)
    assert receiver.received == ["event-1", "event-2"]
    await site.configure(hook(nowhere, max_attempts=1, replay="a"))
    await site.push(3)
    await site.until_state(dead=1)
    await site.configure(hook(receiver.url, replay="a"))
    await asyncio.sleep(0.05)
    assert await site.has(dead=1, pending=0)


async def test_a_replay_by_another_process_is_found_by_looking(site, outbox, receiver, hook, nowhere, monkeypatch):
    monkeypatch.setattr(delivery, "POLL", 0.02)
    await site.configure(hook(nowhere, max_attempts=1))
    await site.push(1)
    await site.until_state(dead=1)
    await site.configure(hook(receiver.url, max_attempts=1))
    monkeypatch.setattr(site.index, "announce", lambda _: None)
    await outbox.replay("hook")
    await site.until_state(delivered=1)


async def test_pulls_are_told_each_once_and_the_endpoint_that_is_down_keeps_its_own(
    site, receiver, hook, nowhere, monkeypatch
):
    monkeypatch.setattr(delivery, "POLL", 0.02)
    up, down = hook(receiver.url, "up", events=["pull"]), hook(nowhere, "down", events=["pull"])
    await site.configure(up, down, hook(receiver.url, "other", events=["push"]))
    await site.pull(*range(150))
    await site.until_state("up", delivered=150)
    requests = [body["events"][0]["request"]["id"] for _, body in receiver.requests]
    assert requests == [f"request-{number}" for number in range(150)]
    assert len(set(receiver.received)) == 150
    assert await site.has("down", delivered=0, pending=150)


async def test_the_pace_of_pulls_goes_by_the_webhooks_that_are_told_of_them(site, receiver, hook, monkeypatch):
    seen = []
    monkeypatch.setattr(Pace, "share", lambda *given: seen.append(given[-1]) or 0)
    both, pulls, pushes = (["push", "pull"], ["pull"], ["push"])
    await site.configure(
        *(hook(receiver.url, name, events=told) for name, told in zip("abc", (both, pulls, pushes), strict=True))
    )
    await site.until(lambda: 2 in seen)


async def test_pulls_that_there_is_no_room_for_go_and_are_counted(site, receiver, hook, monkeypatch, caplog):
    monkeypatch.setattr(delivery, "POLL", 0.02)
    monkeypatch.setattr(delivery, "PULLS_ROOM", 0)
    await site.configure(hook(receiver.url, events=["pull"]))
    await site.pull(1, 2, 3)
    await site.until_state(dropped=3, pending=0)
    assert receiver.requests == []
    assert "no room for pulls" in caplog.text


async def test_more_than_the_backlog_become_dead_letters_oldest_first(site, outbox, receiver, hook, monkeypatch):
    monkeypatch.setattr(delivery, "POLL", 0.02)
    monkeypatch.setattr(delivery, "TIDY", 0.02)
    await site.configure(hook(receiver.url, suspended=True, backlog=3, dead_letters=4))
    await site.push(*range(10))
    await site.until_state(pending=3, dead=4, dropped=3)
    assert (await outbox.dead_letters("hook", 9))[0].event.id == "event-3"


async def test_hundreds_of_webhooks_are_told_and_a_thousand_wait_without_work(site, receiver, hook):
    idle = [hook(receiver.url, f"idle-{number}", repositories=["other"]) for number in range(1000)]
    told = [hook(receiver.url, f"hook-{number}") for number in range(100)]
    await site.configure(*idle, *told)
    await site.push(1)
    await site.until(lambda: len(receiver.requests) == 100)
