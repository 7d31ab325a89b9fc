"""A key is worked on by one worker at a time, and never forgotten."""

import asyncio

import pytest

from wharfinger.kube.queue import WorkQueue


@pytest.fixture
async def queue() -> WorkQueue[str]:
    return WorkQueue(first_backoff=0.01, last_backoff=0.08)


async def soon(queue: WorkQueue[str], within: float = 2.0) -> str:
    return await asyncio.wait_for(queue.get(), within)


async def test_a_key_waits_at_most_once(queue) -> None:
    queue.add("a")
    queue.add("b")
    queue.add("a")
    assert len(queue) == 2
    assert [await soon(queue), await soon(queue)] == ["a", "b"]
    assert len(queue) == 0


async def test_a_key_is_never_worked_on_twice_at_once_and_comes_round_again(queue) -> None:
    queue.add("a")
    await soon(queue)
    queue.add("a")
    queue.add("a")
    with pytest.raises(TimeoutError):
        await soon(queue, 0.02)
    queue.done("a")
    assert await soon(queue) == "a"
    queue.done("a")
    assert len(queue) == 0


@pytest.mark.parametrize("news", [False, True], ids=["alone", "with news meanwhile"])
async def test_a_key_that_is_half_done_comes_before_those_that_wait(queue, news: bool) -> None:
    for key in ("a", "b", "c"):
        queue.add(key)
    assert await queue.get() == "a"
    if news:
        queue.add("a")
    queue.add("a", first=True)
    queue.done("a")
    assert [await queue.get() for _ in range(3)] == ["a", "b", "c"]


async def test_a_wake_up_comes_when_it_is_due(queue) -> None:
    queue.add_after("late", 0.03)
    queue.add_after("early", 0.01)
    assert [await soon(queue), await soon(queue)] == ["early", "late"]


async def test_the_earlier_of_two_wake_ups_counts(queue) -> None:
    queue.add_after("a", 0.01)
    queue.add_after("a", 30)
    assert await soon(queue) == "a"
    queue.done("a")
    queue.add_after("a", 30)
    queue.add_after("a", 0.01)
    assert await soon(queue) == "a"


async def test_work_now_replaces_work_later(queue) -> None:
    queue.add_after("a", 0.01)
    queue.add("a")
    assert await soon(queue) == "a"
    queue.done("a")
    with pytest.raises(TimeoutError):
        await soon(queue, 0.03)


async def test_a_wake_up_during_work_is_kept(queue) -> None:
    queue.add("a")
    await soon(queue)
    queue.add_after("a", 0)
    await asyncio.sleep(0.01)
    queue.done("a")
    assert await soon(queue) == "a"


async def test_failures_are_tried_again_later_and_later_up_to_a_limit(queue) -> None:
    delays = []
    for _ in range(8):
        queue.add("a")
        await soon(queue)
        delays.append(queue.retry("a"))
        queue.done("a")
    assert 0.005 <= delays[0] <= 0.01
    assert 0.04 <= delays[-1] <= 0.08
    queue.succeeded("a")
    assert queue.retry("a") <= 0.01
    assert queue.retry("a", at_least=5.0) == 5.0


async def test_something_new_does_not_wait_for_the_back_off(queue) -> None:
    queue.add("a")
    await soon(queue)
    queue.retry("a", at_least=30)
    queue.done("a")
    queue.add("a")
    assert await soon(queue) == "a"


async def test_it_tells_how_long_the_oldest_key_waits_or_runs(queue) -> None:
    assert queue.stuck_for() == 0.0
    queue.add("a")
    await asyncio.sleep(0.02)
    assert queue.stuck_for() >= 0.02
    await soon(queue)
    waited = queue.stuck_for()
    assert waited < 0.02
    await asyncio.sleep(0.02)
    assert queue.stuck_for() >= 0.02
    queue.done("a")
    assert queue.stuck_for() == 0.0


async def test_it_is_drained_when_nothing_waits_and_nothing_is_worked_on(queue) -> None:
    await asyncio.wait_for(queue.drained(), 2)
    queue.add("a")
    queue.add("b")
    waiting = asyncio.create_task(queue.drained())
    for key in ("a", "b"):
        await asyncio.sleep(0)
        assert not waiting.done()
        assert await soon(queue) == key
        queue.add("a" if key == "b" else "b")
        queue.done(key)
    assert not waiting.done()
    await soon(queue)
    queue.done("a")
    await asyncio.wait_for(waiting, 2)


async def test_closing_drops_the_wake_ups(queue) -> None:
    queue.add_after("a", 0.01)
    queue.close()
    with pytest.raises(TimeoutError):
        await soon(queue, 0.03)


async def test_many_workers_share_the_keys(queue, until) -> None:
    running: set[str] = set()
    worked: list[str] = []

    async def worker() -> None:
        while True:
            key = await queue.get()
            assert key not in running
            running.add(key)
            await asyncio.sleep(0)
            if len(worked) < 30:
                queue.add(key)
            running.discard(key)
            worked.append(key)
            queue.done(key)

    tasks = [asyncio.create_task(worker()) for _ in range(4)]
    for key in "abcdefgh":
        queue.add(key)
    await until(lambda: len(worked) >= 30 and not len(queue))
    for task in tasks:
        task.cancel()
    assert set(worked) == set("abcdefgh")


async def test_a_key_that_never_rests_leaves_the_workers_to_the_others(queue, monkeypatch) -> None:
    monkeypatch.setattr("wharfinger.kube.queue._BURST", 5.0)
    monkeypatch.setattr("wharfinger.kube.queue._RATE", 20.0)
    begun, runs = asyncio.get_running_loop().time(), 0
    while asyncio.get_running_loop().time() - begun < 0.3:
        queue.add("restless")
        try:
            await soon(queue, 0.05)
        except TimeoutError:
            continue
        runs += 1
        queue.done("restless")
    assert 5 <= runs <= 12
    queue.add("other")
    assert await soon(queue) == "other"
