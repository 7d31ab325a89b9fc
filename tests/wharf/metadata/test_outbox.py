"""The contract of the outbox: every implementation passes this suite."""

import asyncio

from wharf.metadata import sqlite_outbox
from wharf.metadata.outbox import EndpointState, Failure
from wharf.metadata.sqlite_outbox import SqliteOutbox


async def post(index, event, *numbers):
    for number in numbers:
        await index.write(lambda _: True, [event(number)])


async def test_what_waits_comes_in_the_order_of_its_commits(index, outbox, event, clock):
    await post(index, event, 1, 2, 3)
    waiting = await outbox.pending("hook", "team/app", 2)
    assert [each.event.id for each in waiting] == ["event-1", "event-2"]
    assert (waiting[0].created, waiting[0].attempts) == (clock.now, 0)
    assert (await outbox.states())["hook"] == EndpointState(pending=3)


async def test_what_is_delivered_leaves_and_is_counted_once(index, outbox, event, clock):
    await post(index, event, 1)
    (delivery,) = await outbox.pending("hook", "team/app", 9)
    await outbox.delivered("hook", [delivery.id])
    await outbox.delivered("hook", [delivery.id])
    assert await outbox.pending("hook", "team/app", 9) == []
    assert (await outbox.states())["hook"] == EndpointState(delivered=1, last_success=clock.now)


async def test_a_failure_is_remembered_until_the_next_success(index, outbox, event, clock):
    await post(index, event, 1)
    (delivery,) = await outbox.pending("hook", "team/app", 9)
    await outbox.failed("hook", Failure(delivery.id, "503 Service Unavailable", "later"), clock.now + 5)
    state = (await outbox.states())["hook"]
    assert (state.pending, state.last_error, state.last_error_at) == (1, "503 Service Unavailable", clock.now)
    assert state.next_attempt == clock.now + 5
    (again,) = await outbox.pending("hook", "team/app", 9)
    assert (again.attempts, again.error, again.answer) == (1, "503 Service Unavailable", "later")
    assert (state.failed, state.failures, state.refused) == (1, 1, 1)
    await outbox.delivered("hook", [delivery.id])
    state = (await outbox.states())["hook"]
    assert (state.next_attempt, state.failed, state.failures, state.refused) == (None, 1, 0, 0)


async def test_giving_up_buries_what_is_too_old_and_leaves_the_rest(index, outbox, event, clock):
    await post(index, event, 1, 2)
    clock.now += 100
    await post(index, event, 3)
    delivery = (await outbox.pending("hook", "team/app", 9))[0]
    assert await outbox.give_up("hook", Failure(delivery.id, "refused"), clock.now - 50, 100) == 2
    assert [each.event.id for each in await outbox.pending("hook", "team/app", 9)] == ["event-3"]
    dead = await outbox.dead_letters("hook", 9)
    assert [(each.event.id, each.error, each.attempts) for each in dead] == [
        ("event-1", "refused", 1),
        ("event-2", "refused", 0),
    ]
    state = (await outbox.states())["hook"]
    assert (state.pending, state.dead, state.last_error, state.next_attempt) == (1, 2, "refused", None)


async def test_replayed_dead_letters_wait_again_with_a_new_age(index, outbox, event, clock):
    await post(index, event, 1)
    (delivery,) = await outbox.pending("hook", "team/app", 9)
    await outbox.give_up("hook", Failure(delivery.id, "refused"), 0.0, 100)
    clock.now += 1000
    assert await outbox.replay("hook") == 1
    (again,) = await outbox.pending("hook", "team/app", 9)
    assert (again.created, again.attempts) == (clock.now, 0)
    assert await outbox.dead_letters("hook", 9) == []


async def test_what_is_for_webhooks_that_are_no_more_is_dropped_after_a_while(index, outbox, event, clock):
    index.replace_route(lambda event: ["hook", "o'ther"])
    await post(index, event, 1, 2)
    (delivery, _) = await outbox.pending("hook", "team/app", 9)
    await outbox.delivered("hook", [delivery.id])
    assert await outbox.keep_only(["o'ther"]) == 0
    clock.now += 1800
    assert await outbox.keep_only(["o'ther"]) == 0
    clock.now += 1800
    assert await outbox.keep_only(["o'ther"]) == 1
    assert list(await outbox.states()) == ["o'ther"]
    assert await outbox.keep_only([]) == 0
    clock.now += 3600
    assert await outbox.keep_only([]) == 2
    assert await outbox.states() == {}


async def test_a_webhook_that_comes_back_goes_on_where_it_was(index, outbox, event, clock):
    await post(index, event, 1)
    await outbox.keep_only([])
    clock.now += 3000
    await outbox.keep_only(["hook"])
    clock.now += 3000
    await outbox.keep_only([])
    clock.now += 3000
    assert await outbox.keep_only(["hook"]) == 0
    assert len(await outbox.pending("hook", "team/app", 9)) == 1


async def test_repositories_with_something_to_send_are_found_in_order(index, outbox, event):
    index.replace_route(lambda event: ["hook", "other"])
    for number, repository in enumerate(["b", "a", "ü", "b", "c/d"]):
        await index.write(lambda _: True, [event(number, repository=repository)])
    assert await outbox.lanes("hook", "", 9) == ["a", "b", "c/d", "ü"]
    assert await outbox.lanes("hook", "a", 2) == ["b", "c/d"]
    assert await outbox.lanes("hook", "ü", 9) == []
    assert await outbox.lanes("nobody", "", 9) == []
    assert [each.event.id for each in await outbox.pending("hook", "b", 9)] == ["event-0", "event-3"]


async def test_the_webhooks_that_something_waits_for_are_found(index, outbox, event):
    assert await outbox.waiting() == []
    index.replace_route(lambda event: ["dead", "hook", "other"])
    await post(index, event, 1)
    (delivery,) = await outbox.pending("dead", "team/app", 9)
    await outbox.give_up("dead", Failure(delivery.id, "refused"), 0.0, 9)
    assert await outbox.waiting() == ["hook", "other"]


async def test_only_so_many_dead_letters_are_kept_and_those_that_went_are_counted(index, outbox, event):
    await post(index, event, *range(5))
    (delivery, *_) = await outbox.pending("hook", "team/app", 9)
    assert await outbox.give_up("hook", Failure(delivery.id, "refused"), float("inf"), 2) == 5
    assert [each.event.id for each in await outbox.dead_letters("hook", 9)] == ["event-3", "event-4"]
    state = (await outbox.states())["hook"]
    assert (state.dead, state.dropped, state.pending) == (2, 3, 0)


async def test_of_too_many_that_wait_the_oldest_become_dead_letters(index, outbox, event):
    await post(index, event, *range(5))
    assert await outbox.overflow("hook", 5, 9) == 0
    assert await outbox.overflow("hook", 2, 9) == 3
    dead = await outbox.dead_letters("hook", 9)
    assert [(each.event.id, each.error) for each in dead] == [
        (f"event-{number}", "more than 2 events waited") for number in range(3)
    ]


async def test_some_dead_letters_can_be_replayed_by_their_events(index, outbox, event):
    await post(index, event, *range(3))
    (delivery, *_) = await outbox.pending("hook", "team/app", 9)
    await outbox.give_up("hook", Failure(delivery.id, "refused"), float("inf"), 9)
    assert await outbox.replay("hook", ["event-1", "no such"]) == 1
    assert [each.event.id for each in await outbox.pending("hook", "team/app", 9)] == ["event-1"]


async def test_a_text_that_asks_for_a_replay_is_heeded_once(index, outbox, event):
    async def bury():
        (delivery, *_) = await outbox.pending("hook", "team/app", 9)
        await outbox.give_up("hook", Failure(delivery.id, "refused"), 0.0, 9)

    await post(index, event, 1)
    await bury()
    assert await outbox.attend("hook", suspended=False, replay="") == 0
    assert await outbox.attend("hook", suspended=False, replay="a") == 1
    await bury()
    assert await outbox.attend("hook", suspended=False, replay="a") == 0
    assert await outbox.attend("hook", suspended=False, replay="") == 0
    assert await outbox.attend("hook", suspended=False, replay="a") == 0
    assert await outbox.attend("hook", suspended=False, replay="b") == 1


async def test_events_are_as_old_as_the_end_of_a_suspension(index, outbox, event, clock):
    await outbox.attend("hook", suspended=True, replay="")
    await post(index, event, 1, 2)
    clock.now += 1000
    await outbox.attend("hook", suspended=True, replay="")
    await outbox.attend("hook", suspended=False, replay="")
    (delivery, _) = await outbox.pending("hook", "team/app", 9)
    assert delivery.created == clock.now
    assert await outbox.give_up("hook", Failure(delivery.id, "refused"), clock.now - 500, 9) == 1
    clock.now += 1000
    await outbox.attend("hook", suspended=False, replay="")  # a restart is no end of a suspension
    assert (await outbox.pending("hook", "team/app", 9))[0].created == clock.now - 1000


async def test_many_are_buried_in_commits_that_are_small(index, outbox, event, monkeypatch):
    monkeypatch.setattr("wharf.metadata.sqlite_outbox.CHUNK", 2)
    await post(index, event, *range(5))
    (delivery, *_) = await outbox.pending("hook", "team/app", 9)
    assert await outbox.give_up("hook", Failure(delivery.id, "refused"), float("inf"), 9) == 5


YEARS = 10 * 365 * 86400


async def test_what_was_committed_while_the_clock_was_ahead_grows_old_all_the_same(index, outbox, event, clock):
    clock.now += YEARS
    await post(index, event, 1)
    clock.now -= YEARS
    (waiting,) = await outbox.pending("hook", "team/app", 9)
    await outbox.failed("hook", Failure(waiting.id, "500"), clock.now + 1)
    (waiting,) = await outbox.pending("hook", "team/app", 9)
    assert waiting.created == clock.now


async def test_a_suspension_that_ended_while_the_clock_was_ahead_keeps_nothing_young(index, outbox, event, clock):
    await outbox.attend("hook", suspended=True, replay="")
    await post(index, event, 1)
    clock.now += YEARS
    await outbox.attend("hook", suspended=False, replay="")
    clock.now -= YEARS
    await outbox.attend("hook", suspended=False, replay="")
    (waiting,) = await outbox.pending("hook", "team/app", 9)
    assert waiting.created == clock.now


async def test_a_webhook_that_went_while_the_clock_was_ahead_is_dropped_after_a_while(index, outbox, event, clock):
    await post(index, event, 1)
    clock.now += YEARS
    await outbox.keep_only([])
    clock.now -= YEARS
    await outbox.keep_only([])
    clock.now += sqlite_outbox.ABANDONED
    assert await outbox.keep_only([]) == 1


async def test_of_two_replays_at_once_one_replays(index, outbox, event, open_index, clock):
    await post(index, event, *range(50))
    for waiting in await outbox.pending("hook", "team/app", 50):
        await outbox.give_up("hook", Failure(waiting.id, "500"), 0.0, 100)
    other = SqliteOutbox(open_index(), clock)
    replayed = await asyncio.gather(*(each.replay("hook") for each in (outbox, other, outbox, other)))
    assert sorted(replayed) == [0, 0, 0, 50]
