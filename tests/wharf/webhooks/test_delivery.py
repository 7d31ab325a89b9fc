"""Events reach a real receiver in order, and one endpoint delays no other."""

import asyncio
import ipaddress

import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port

from wharf import clock
from wharf.webhooks.delivery import Deliveries, pause
from wharf.webhooks.envelope import Source
from wharf.webhooks.networks import Networks

LOOPBACK = Networks(allowed=(ipaddress.ip_network("127.0.0.0/8"),))


@pytest.fixture
async def deliveries(index, outbox):
    deliveries = Deliveries(outbox, Source("r.example", "pod-1"), clock.now)
    index.on_events(deliveries.wake)
    yield deliveries
    await deliveries.stop()


async def test_events_are_delivered_in_order_and_counted(deliveries, outbox, receiver, hook, push, until):
    hooks = [hook(receiver.url)]
    await push(hooks, *range(5))
    await deliveries.configure(hooks, LOOPBACK)
    await push(hooks, *range(5, 10))
    await until(lambda: len(receiver.received) == 10)
    assert receiver.received == [f"event-{number}" for number in range(10)]
    await until(lambda: outbox_is(outbox, delivered=10, pending=0))


async def outbox_is(outbox, name="hook", **fields):
    state = (await outbox.states()).get(name)
    return state is not None and all(getattr(state, field) == value for field, value in fields.items())


async def test_a_commit_wakes_delivery_at_once(deliveries, receiver, hook, push, until, *, monkeypatch):
    monkeypatch.setattr("wharf.webhooks.delivery.POLL", 60.0)
    hooks = [hook(receiver.url)]
    await deliveries.configure(hooks, LOOPBACK)
    await asyncio.sleep(0.05)  # let it find the outbox empty
    await push(hooks, 1)
    await until(lambda: receiver.received == ["event-1"])


async def test_a_commit_of_another_process_is_found_by_looking(outbox, receiver, hook, push, until, *, monkeypatch):
    monkeypatch.setattr("wharf.webhooks.delivery.POLL", 0.02)
    deliveries = Deliveries(outbox, Source("", ""), clock.now)  # nobody wakes it
    hooks = [hook(receiver.url)]
    await deliveries.configure(hooks, LOOPBACK)
    await asyncio.sleep(0.05)
    await push(hooks, 1)
    await until(lambda: receiver.received == ["event-1"])
    await deliveries.stop()


async def test_a_refused_event_is_tried_again_before_those_behind_it(deliveries, outbox, receiver, hook, push, until):
    hooks = [hook(receiver.url)]
    receiver.answers = [web.Response(status=503), web.Response(status=500)]
    await push(hooks, 1, 2)
    await deliveries.configure(hooks, LOOPBACK)
    await until(lambda: outbox_is(outbox, delivered=2, pending=0))
    assert receiver.received == ["event-1", "event-1", "event-1", "event-2"]
    state = (await outbox.states())["hook"]
    assert state.last_error == "500 Internal Server Error"
    assert state.last_success >= state.last_error_at
    assert state.next_attempt is None


async def test_an_endpoint_that_is_down_delays_nobody_else(deliveries, outbox, receiver, hook, push, until):
    hooks = [hook(f"http://127.0.0.1:{unused_port()}", "down"), hook(receiver.url, "up")]
    await push(hooks, *range(20))
    await deliveries.configure(hooks, LOOPBACK)
    await until(lambda: outbox_is(outbox, "up", delivered=20))
    assert await outbox_is(outbox, "down", delivered=0, pending=20)


async def test_what_is_too_old_when_it_fails_becomes_a_dead_letter(deliveries, outbox, receiver, hook, push, until):
    hooks = [hook(receiver.url, max_age=0.001)]
    await push(hooks, 1, 2)
    await asyncio.sleep(0.01)
    receiver.answers = [web.Response(status=410)]
    await deliveries.configure(hooks, LOOPBACK)
    await until(lambda: outbox_is(outbox, dead=2, pending=0, last_error="410 Gone"))
    assert await outbox.replay("hook") == 2
    await until(lambda: outbox_is(outbox, delivered=2, dead=0))


async def test_a_restart_goes_on_where_it_was_and_keeps_the_pause(outbox, receiver, hook, push, until):
    hooks = [hook(receiver.url, min_backoff=30.0, max_backoff=60.0)]
    receiver.answers = [web.Response(status=503)]
    await push(hooks, 1)
    first = Deliveries(outbox, Source("", ""), clock.now)
    await first.configure(hooks, LOOPBACK)
    await until(lambda: outbox_is(outbox, pending=1, last_error="503 Service Unavailable"))
    await first.stop()
    second = Deliveries(outbox, Source("", ""), clock.now)
    await second.configure(hooks, LOOPBACK)
    await asyncio.sleep(0.05)
    assert len(receiver.requests) == 1
    changed = [hook(receiver.url, min_backoff=30.0, max_backoff=60.0, headers={"X": "mended"})]
    await second.configure(changed, LOOPBACK)  # the change may be the remedy
    await until(lambda: outbox_is(outbox, delivered=1, pending=0))
    await second.stop()


async def test_a_suspended_webhook_keeps_its_events(deliveries, outbox, receiver, hook, push, until):
    suspended = [hook(receiver.url, suspended=True)]
    await deliveries.configure(suspended, LOOPBACK)
    await push(suspended, 1, 2)
    await asyncio.sleep(0.05)
    assert receiver.requests == []
    await deliveries.configure([hook(receiver.url)], LOOPBACK)
    await until(lambda: outbox_is(outbox, delivered=2))


async def test_a_webhook_that_is_no_more_loses_its_events_and_the_others_are_not_disturbed(
    deliveries, outbox, receiver, hook, push, until
):
    down, up = hook(f"http://127.0.0.1:{unused_port()}", "down"), hook(receiver.url, "up")
    await deliveries.configure([down, up], LOOPBACK)
    receiver.gate.clear()
    await push([down, up], 1)
    await until(lambda: len(receiver.requests) == 1)
    await deliveries.configure([up], LOOPBACK)
    assert list(await outbox.states()) == ["up"]
    receiver.gate.set()
    await until(lambda: outbox_is(outbox, "up", delivered=1))
    assert len(receiver.requests) == 1


async def test_stopping_lets_the_attempt_under_way_end(deliveries, outbox, receiver, hook, push, until):
    hooks = [hook(receiver.url)]
    receiver.gate.clear()
    await push(hooks, 1, 2)
    await deliveries.configure(hooks, LOOPBACK)
    await until(lambda: len(receiver.requests) == 1)
    stopping = asyncio.create_task(deliveries.stop())
    await asyncio.sleep(0.01)
    receiver.gate.set()
    await stopping
    assert await outbox_is(outbox, delivered=1, pending=1)
    assert receiver.received == ["event-1"]


async def test_stopping_does_not_wait_for_ever(deliveries, outbox, receiver, hook, push, until, *, monkeypatch):
    monkeypatch.setattr("wharf.webhooks.delivery.GRACE", 0.05)
    hooks = [hook(receiver.url)]
    receiver.gate.clear()
    await push(hooks, 1)
    await deliveries.configure(hooks, LOOPBACK)
    await until(lambda: len(receiver.requests) == 1)
    await deliveries.stop()
    receiver.gate.set()
    assert await outbox_is(outbox, pending=1)


def test_the_pause_doubles_up_to_its_limit_with_jitter_and_heeds_retry_after(hook):
    slow = hook("http://x", min_backoff=1.0, max_backoff=60.0)
    for attempts, longest in ((0, 1.0), (1, 2.0), (5, 32.0), (6, 60.0), (10_000, 60.0)):
        waits = [pause(slow, attempts, 0.0) for _ in range(50)]
        assert longest / 2 <= min(waits) < max(waits) <= longest
    assert pause(slow, 0, 120.0) == 120.0
    assert pause(slow, 0, 1e9) == 3600.0
