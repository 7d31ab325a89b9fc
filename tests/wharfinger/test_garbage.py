"""What is held for long is not looked through again, and what became garbage is found all the same."""

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from wharfinger.garbage import set_aside


class Node:
    """Something that can be part of a cycle."""

    other: "Node"


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


async def test_what_is_held_is_set_aside_and_its_cycles_are_found_in_time(until) -> None:
    first, second = Node(), Node()
    first.other, second.other = second, first
    gone = weakref.ref(first)
    task = asyncio.create_task(set_aside(pause=0.01, thorough=3))
    await asyncio.sleep(0)
    assert gc.get_freeze_count() > 0
    assert not any(found is first for found in gc.get_objects()), "it is set aside"
    del first, second
    await until(lambda: gone() is None)
    task.cancel()
