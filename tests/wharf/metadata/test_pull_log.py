"""Pulls are noted together, become events once, and go when there is no room."""

import pytest

from wharf.metadata.sqlite_pull_log import SqlitePullLog

NOON = 1_800_014_400.0


@pytest.fixture
def index(open_index):
    """Pulls of team/app are told to two webhooks, those of team/other to one, others to none."""
    routes = {"team/app": ["hook", "second"], "team/other": ["hook"]}
    return open_index(route=lambda event: routes.get(event.repository, []))


@pytest.fixture
def log(index, clock):
    return SqlitePullLog(index, clock)


def pulls(event, *numbers, repository="team/app"):
    kind = event(0, action="pull", repository=repository, tag="v1", user_agent="podman")
    return [(kind, f"r{number}", f"192.0.2.{number}", NOON + number) for number in numbers]


async def told(outbox, webhook, repository="team/app"):
    return [each.event.request_id for each in await outbox.pending(webhook, repository, 999)]


async def test_each_pull_becomes_an_event_with_its_own_request_and_time(index, outbox, log, event):
    await index.note_pulls(pulls(event, 1, 2))
    assert await told(outbox, "hook") == []
    assert await log.unfold(9) == 2
    first, second = (each.event for each in await outbox.pending("hook", "team/app", 9))
    assert (first.request_id, first.request_address, first.timestamp) == (
        "r1", "192.0.2.1", "2027-01-15T12:00:01.000000Z",
    )  # fmt: skip
    assert (second.request_id, second.tag, second.user_agent, second.action) == ("r2", "v1", "podman", "pull")
    assert len({"event-0", first.id, second.id}) == 3
    assert await log.unfold(9) == 0


async def test_a_pull_has_the_same_id_for_every_webhook(index, outbox, log, event):
    await index.note_pulls(pulls(event, 1))
    await log.unfold(1)
    ids = {each.event.id for hook in ("hook", "second") for each in await outbox.pending(hook, "team/app", 9)}
    assert len(ids) == 1


async def test_pulls_keep_their_order_whatever_they_are_of(index, outbox, log, event):
    app, other = pulls(event, 1, 3, 5), pulls(event, 2, 4, repository="team/other")
    await index.note_pulls([app[0], other[0], app[1], other[1], app[2]])
    await index.note_pulls(pulls(event, 6))
    await log.unfold(99)
    assert await told(outbox, "hook") == ["r1", "r3", "r5", "r6"]
    assert await told(outbox, "hook", "team/other") == ["r2", "r4"]


async def test_what_nobody_wants_is_not_noted(index, log, event):
    await index.note_pulls(pulls(event, 1, repository="nobody/asks"))
    assert await log.waiting() == (0, 0)


async def test_those_that_wait_are_pending(index, outbox, log, event):
    await index.note_pulls([*pulls(event, 1, 2), *pulls(event, 3, repository="team/other")])
    assert (await log.waiting())[0] == 3
    states = await outbox.states()
    assert (states["hook"].pending, states["second"].pending) == (3, 2)
    await log.unfold(3)
    states = await outbox.states()
    assert (states["hook"].pending, states["second"].pending) == (3, 2)


async def test_without_room_the_oldest_go_and_are_counted(index, outbox, log, event):
    for number in range(5):
        await index.note_pulls(pulls(event, number))
    each = (await log.waiting())[1] // 5
    assert await log.trim(2 * each) == 3
    assert (await log.waiting())[0] == 2
    assert (await outbox.states())["second"].dropped == 3
    assert await log.trim(2 * each) == 0
    await log.unfold(9)
    assert await told(outbox, "hook") == ["r3", "r4"]
