"""Events reach a real receiver, each repository's in order, whatever the receiver does."""

import asyncio
import base64

import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port

from wharf import clock
from wharf.metadata.interface import IndexUnavailableError
from wharf.webhook_settings import SigningSecret
from wharf.webhooks import courier
from wharf.webhooks.delivery import Deliveries


async def test_events_are_delivered_in_order_and_counted(site, receiver, hook):
    await site.configure(hook(receiver.url))
    await site.push(*range(50))
    await site.until_state(delivered=50, pending=0)
    assert receiver.received == [f"event-{number}" for number in range(50)]


async def test_a_refused_event_is_tried_again_before_those_behind_it(site, receiver, hook):
    receiver.answers = [web.Response(status=503), web.Response(status=500)]
    await site.configure(hook(receiver.url))
    await site.push(1, 2)
    await site.until_state(delivered=2, pending=0)
    assert receiver.received == ["event-1", "event-1", "event-1", "event-2"]
    state = (await site.outbox.states())["hook"]
    assert (state.last_error, state.failed, state.failures) == ("500 Internal Server Error", 2, 0)
    assert state.last_success >= state.last_error_at
    assert state.next_attempt is None


async def test_an_event_that_is_refused_holds_up_its_repository_and_no_other(site, receiver, hook):
    receiver.refused = {"event-1"}
    await site.configure(hook(receiver.url))
    await site.push(1, 2, repository="bad")
    for number in range(10, 20):
        await site.push(number, repository="good")
    await site.until_state(delivered=10)
    assert "event-2" not in receiver.received
    receiver.refused = set()
    await site.until_state(delivered=12)
    accepted = [each for each in receiver.received if each in ("event-1", "event-2")]
    assert accepted[-2:] == ["event-1", "event-2"]


async def test_a_slow_endpoint_gets_several_repositories_at_a_time_and_one_event_of_each(site, receiver, hook):
    receiver.gate.clear()
    await site.configure(hook(receiver.url))
    for number in range(12):
        await site.push(number, repository=f"r{number % 6}")
    await site.until(lambda: len(receiver.requests) == courier.LANES)
    await asyncio.sleep(0.02)
    assert len(receiver.requests) == courier.LANES
    assert len({body["events"][0]["target"]["repository"] for _, body in receiver.requests}) == courier.LANES
    receiver.gate.set()
    await site.until_state(delivered=12)


async def test_every_repository_gets_its_turn(site, receiver, hook, monkeypatch):
    monkeypatch.setattr(courier, "LOOK", 2)
    await site.configure(hook(receiver.url, suspended=True))
    for number in range(40):
        await site.push(number, repository=f"r{number:02}")
    await site.configure(hook(receiver.url))
    await site.until_state(delivered=40)


async def test_a_repository_with_much_to_tell_lets_another_go_first_after_a_while(site, receiver, hook, monkeypatch):
    monkeypatch.setattr(courier, "BATCH_SECONDS", 0.0)
    monkeypatch.setattr(courier, "LANES", 1)
    await site.configure(hook(receiver.url, suspended=True))
    await site.push(*range(10), repository="a")
    await site.push(*range(10, 13), repository="b")
    await site.configure(hook(receiver.url))
    await site.until_state(delivered=13)
    assert {"event-0", "event-10"} == set(receiver.received[:2])
    assert [name for name in receiver.received if int(name[6:]) < 10] == [f"event-{number}" for number in range(10)]


async def test_while_what_was_sent_is_recorded_the_next_repositories_are_sent_without_another_look(
    site, outbox, receiver, hook, monkeypatch
):
    looks, recorded, lanes, delivered = [], asyncio.Event(), outbox.lanes, outbox.delivered

    async def look(*arguments):
        looks.append(arguments)
        return await lanes(*arguments)

    async def record(*arguments):
        await recorded.wait()
        await delivered(*arguments)

    await site.configure(hook(receiver.url, suspended=True))
    for number in range(3 * courier.LANES):
        await site.push(number, repository=f"r{number:02}")
    monkeypatch.setattr(outbox, "lanes", look)
    monkeypatch.setattr(outbox, "delivered", record)
    await site.configure(hook(receiver.url))
    await site.until(lambda: len(receiver.received) == 3 * courier.LANES)
    assert len(looks) == 1
    recorded.set()
    await site.until_state(delivered=3 * courier.LANES, pending=0)
    assert len(set(receiver.received)) == 3 * courier.LANES


async def test_what_is_too_old_when_it_fails_becomes_a_dead_letter_with_its_last_answer(site, receiver, hook):
    receiver.answers = [web.Response(status=410, text="moved to the moon")]
    await site.configure(hook(receiver.url, max_age=1e-9, min_backoff=1e-9))
    await site.push(1)
    await site.until_state(dead=1, pending=0, last_error="410 Gone")
    (letter,) = await site.outbox.dead_letters("hook", 9)
    assert (letter.error, letter.answer, letter.attempts) == ("410 Gone", "moved to the moon", 1)
    assert await site.outbox.replay("hook") == 1
    await site.until_state(delivered=1, dead=0)


async def test_of_an_endpoint_that_is_down_everything_too_old_becomes_a_dead_letter(site, hook):
    await site.configure(hook(f"http://127.0.0.1:{unused_port()}", max_age=0.05))
    await site.push(*range(200))
    await site.until_state(dead=200, pending=0)
    assert (await site.outbox.states())["hook"].failed < 200


async def test_an_event_is_given_up_after_as_many_attempts_as_the_policy_allows(site, receiver, hook):
    receiver.refused = {"event-1"}
    await site.configure(hook(receiver.url, max_attempts=3))
    await site.push(1, 2)
    await site.until_state(dead=1, delivered=1)
    assert receiver.received == ["event-1"] * 3 + ["event-2"]


async def test_an_endpoint_that_is_down_is_asked_one_event_at_a_time(site, receiver, hook):
    receiver.down = True
    await site.configure(hook(receiver.url, min_backoff=0.05, max_backoff=0.05))
    for number in range(100):
        await site.push(number, repository=f"r{number}")
    await site.until(lambda: len(receiver.requests) >= 20)
    assert await site.has(pending=100, dead=0)
    assert receiver.most_at_once <= courier.LANES
    receiver.most_at_once = 0
    count = len(receiver.requests)
    await site.until(lambda: len(receiver.requests) >= count + 5)
    assert receiver.most_at_once == 1
    receiver.down = False
    await site.until_state(delivered=100)


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_holds_for_all_repositories(site, receiver, hook, status):
    receiver.answers = [web.Response(status=status, headers={"Retry-After": "3600"})]
    await site.configure(hook(receiver.url))
    await site.push(1)
    await site.until_state(failed=1)
    await site.push(2, repository="other")
    await asyncio.sleep(0.05)
    assert receiver.received == ["event-1"]
    state = (await site.outbox.states())["hook"]
    assert state.next_attempt > state.last_error_at + 3000


async def test_the_rate_is_kept(site, receiver, hook):
    await site.configure(hook(receiver.url, rate=50.0))
    started = asyncio.get_running_loop().time()
    for number in range(11):
        await site.push(number, repository=f"r{number}")
    await site.until_state(delivered=11)
    assert asyncio.get_running_loop().time() - started >= 0.19  # a lower bound: noise only lengthens it


async def test_a_restart_goes_on_where_it_was_and_keeps_the_pause(site, outbox, receiver, hook):
    slow = hook(receiver.url, min_backoff=30.0, max_backoff=60.0)
    receiver.answers = [web.Response(status=503)]
    await site.configure(slow)
    await site.push(1)
    await site.until_state(pending=1, last_error="503 Service Unavailable")
    await site.deliveries.stop()
    site.deliveries = Deliveries(outbox, site.pulls, clock.now)
    await site.configure(slow)
    await asyncio.sleep(0.05)
    assert len(receiver.requests) == 1
    # the change may be the remedy
    await site.configure(hook(receiver.url, min_backoff=30.0, max_backoff=60.0, headers={"X": "mended"}))
    await site.until_state(delivered=1, pending=0)
    await site.deliveries.stop()


async def test_stopping_lets_the_attempt_under_way_end(site, receiver, hook):
    receiver.gate.clear()
    await site.configure(hook(receiver.url))
    await site.push(1, 2)
    await site.until(lambda: len(receiver.requests) == 1)
    stopping = asyncio.create_task(site.deliveries.stop())
    await asyncio.sleep(0.01)
    receiver.gate.set()
    await stopping
    assert await site.has(delivered=1, pending=1)
    assert receiver.received == ["event-1"]


async def test_stopping_does_not_wait_for_ever(site, receiver, hook, monkeypatch):
    monkeypatch.setattr(courier, "GRACE", 0.05)
    receiver.gate.clear()
    await site.configure(hook(receiver.url))
    await site.push(1)
    await site.until(lambda: len(receiver.requests) == 1)
    await site.deliveries.stop()
    receiver.gate.set()
    assert await site.has(pending=1)


async def test_while_the_outbox_cannot_be_used_what_was_sent_is_sent_again_under_its_id(
    site, outbox, receiver, hook, monkeypatch
):
    monkeypatch.setattr(courier, "OUTBOX_PAUSE", 0.02)
    real, refusals = outbox.delivered, [IndexUnavailableError("full")] * 2

    async def delivered(*arguments):
        if refusals:
            raise refusals.pop()
        await real(*arguments)

    monkeypatch.setattr(outbox, "delivered", delivered)
    await site.configure(hook(receiver.url))
    await site.push(1)
    await site.until_state(delivered=1)
    assert receiver.received == ["event-1"] * 3


async def test_no_log_line_and_no_state_holds_a_secret(site, receiver, hook, caplog):
    receiver.answers = [web.Response(status=401), web.Response(status=307)]
    secret = f"whsec_{base64.b64encode(b'geheim' * 5).decode()}"
    fields = {"headers": {"Authorization": "geheim"}, "signing": [SigningSecret(secret=secret)]}
    await site.configure(hook(receiver.url + "?token=geheim", **fields))
    await site.push(1)
    await site.until_state(delivered=1)
    shown = f"{caplog.text} {await site.outbox.states()}"
    assert "attempt 1 failed: 401 Unauthorized" in shown
    assert "geheim" not in shown
    assert secret not in shown


async def test_commits_in_a_row_are_found_by_one_look(site, receiver, hook, monkeypatch):
    """A look costs as much as a delivery: it is not for each commit, but the first is at once."""
    monkeypatch.setattr(courier, "LOOK_EVERY", 3600.0)
    await site.configure(hook(receiver.url))
    await site.until(lambda: site.deliveries._couriers["hook"]._looked)
    site.deliveries._couriers["hook"]._looked = -3600.0
    await site.push(1)
    await site.until_state(delivered=1)
    await site.push(2, repository="other")
    await site.push(3, repository="another")
    assert receiver.received == ["event-1"]
    site.deliveries._couriers["hook"]._woken.set()
    await site.until_state(delivered=3)


async def test_what_comes_for_a_repository_that_is_being_sent_follows_without_another_commit(
    site, receiver, hook, monkeypatch
):
    monkeypatch.setattr(courier, "LOOK_EVERY", 0.0)
    receiver.gate.clear()
    await site.configure(hook(receiver.url))
    await site.push(1)
    await site.until(lambda: len(receiver.requests) == 1)
    await site.push(2)
    await asyncio.sleep(0.02)
    receiver.gate.set()
    await site.until_state(delivered=2)
    assert receiver.received == ["event-1", "event-2"]
