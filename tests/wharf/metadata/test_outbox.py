"""The contract of the outbox: every implementation passes this suite."""

from wharf.metadata.outbox import EndpointState


async def post(index, event, *numbers):
    for number in numbers:
        await index.record([event(number)])


async def test_what_waits_comes_in_the_order_of_its_commits(index, outbox, event, clock):
    await post(index, event, 1, 2, 3)
    waiting = await outbox.pending("hook", 2)
    assert [each.event.id for each in waiting] == ["event-1", "event-2"]
    assert (waiting[0].created, waiting[0].attempts) == (clock.now, 0)
    assert (await outbox.states())["hook"] == EndpointState(pending=3)


async def test_what_is_delivered_leaves_and_is_counted_once(index, outbox, event, clock):
    await post(index, event, 1)
    (delivery,) = await outbox.pending("hook", 9)
    await outbox.delivered("hook", delivery.id)
    await outbox.delivered("hook", delivery.id)
    assert await outbox.pending("hook", 9) == []
    assert (await outbox.states())["hook"] == EndpointState(delivered=1, last_success=clock.now)


async def test_a_failure_is_remembered_until_the_next_success(index, outbox, event, clock):
    await post(index, event, 1)
    (delivery,) = await outbox.pending("hook", 9)
    await outbox.failed("hook", delivery.id, "503 Service Unavailable", clock.now + 5)
    state = (await outbox.states())["hook"]
    assert (state.pending, state.last_error, state.last_error_at) == (1, "503 Service Unavailable", clock.now)
    assert state.next_attempt == clock.now + 5
    (again,) = await outbox.pending("hook", 9)
    assert (again.attempts, again.error) == (1, "503 Service Unavailable")
    await outbox.delivered("hook", delivery.id)
    assert (await outbox.states())["hook"].next_attempt is None


async def test_giving_up_buries_what_is_too_old_and_leaves_the_rest(index, outbox, event, clock):
    await post(index, event, 1, 2)
    clock.now += 100
    await post(index, event, 3)
    delivery = (await outbox.pending("hook", 9))[0]
    assert await outbox.give_up("hook", delivery.id, "refused", clock.now - 50) == 2
    assert [each.event.id for each in await outbox.pending("hook", 9)] == ["event-3"]
    dead = await outbox.dead_letters("hook", 9)
    assert [(each.event.id, each.error, each.attempts) for each in dead] == [
        ("event-1", "refused", 1),
        ("event-2", "refused", 0),
    ]
    state = (await outbox.states())["hook"]
    assert (state.pending, state.dead, state.last_error, state.next_attempt) == (1, 2, "refused", None)


async def test_replayed_dead_letters_wait_again_with_a_new_age(index, outbox, event, clock):
    await post(index, event, 1)
    (delivery,) = await outbox.pending("hook", 9)
    await outbox.give_up("hook", delivery.id, "refused", 0.0)
    clock.now += 1000
    assert await outbox.replay("hook") == 1
    (again,) = await outbox.pending("hook", 9)
    assert (again.created, again.attempts) == (clock.now, 0)
    assert await outbox.dead_letters("hook", 9) == []


async def test_what_is_for_webhooks_that_are_no_more_is_dropped(index, outbox, event, clock):
    index.replace_route(lambda event: ["hook", "o'ther"])
    await post(index, event, 1, 2)
    (delivery, _) = await outbox.pending("hook", 9)
    await outbox.delivered("hook", delivery.id)
    assert await outbox.keep_only(["o'ther"]) == 1
    assert list(await outbox.states()) == ["o'ther"]
    assert await outbox.keep_only([]) == 2
    assert await outbox.states() == {}
