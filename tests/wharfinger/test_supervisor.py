"""Kopf is started again when it ends."""

import asyncio
import threading

import kopf
import pytest

from wharfinger.handlers import Door
from wharfinger.supervisor import Backoff, FrontDoor, kopf_runner

QUICK = Backoff(first=0.01, last=0.05)


async def running(door: FrontDoor) -> asyncio.Task[None]:
    task = asyncio.create_task(door.run())
    await asyncio.sleep(0)
    return task


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("error", [RuntimeError("401"), asyncio.CancelledError(), None], ids=repr)
async def test_whatever_it_ends_with_it_is_started_again(error, until, caplog) -> None:
    starts = []

    def start(_: threading.Event) -> None:
        starts.append(threading.current_thread())
        if error is not None:
            raise error

    door = FrontDoor(start, QUICK)
    task = await running(door)
    await until(lambda: len(starts) >= 3)
    await stop(task)
    assert threading.main_thread() not in starts
    assert door.restarts >= 2
    assert "Kopf ended, next start in" in caplog.text


async def test_the_event_loop_goes_on_while_it_runs_and_it_is_told_to_stop(until) -> None:
    ended = threading.Event()

    def start(stop: threading.Event) -> None:
        stop.wait(10)
        ended.set()

    task = await running(FrontDoor(start, QUICK))
    await asyncio.sleep(0.02)
    assert not ended.is_set()
    await stop(task)
    assert ended.is_set()


async def test_kopf_may_cancel_every_task_that_it_finds_and_takes_none_of_ours(until) -> None:
    async def cancel_all() -> None:
        for task in asyncio.all_tasks():
            task.cancel()
        await asyncio.sleep(0)

    bystander = asyncio.create_task(asyncio.sleep(30))
    door = FrontDoor(lambda _: asyncio.run(cancel_all()), QUICK)
    task = await running(door)
    await until(lambda: door.restarts >= 2)
    await stop(task)
    assert not bystander.done()
    bystander.cancel()


@pytest.mark.parametrize(("namespaces", "clusterwide"), [((), True), (("ci",), False)])
def test_kopf_runs_alone_and_where_it_is_told_to(monkeypatch, namespaces, clusterwide) -> None:
    told = {}

    async def operator(**arguments: object) -> None:
        told.update(arguments)

    monkeypatch.setattr(kopf, "operator", operator)
    door, flag = Door(login=operator, deliver=lambda *_: None), threading.Event()
    kopf_runner(door, namespaces)(flag)
    assert told["standalone"]
    assert (told["clusterwide"], told["namespaces"]) == (clusterwide, namespaces)
    assert told["stop_flag"] is flag
    assert told["memo"].door is door


def test_pauses_grow_to_a_limit() -> None:
    backoff = Backoff(first=1.0, last=60.0)
    assert 0.5 <= backoff.pause(0) <= 1.0
    assert 30.0 <= backoff.pause(99) <= 60.0
