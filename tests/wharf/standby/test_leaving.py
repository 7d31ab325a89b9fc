"""How long one that ends goes on as before, and when it closes the index."""

import asyncio

import pytest

from wharf.standby import leaving
from wharf.standby.leaving import LAST, LINGER, LONGEST, SHORTEST, closes, lingers


@pytest.mark.parametrize(
    ("elapsed", "receiving", "expected"),
    [
        (0, False, True),
        (LINGER - 0.1, False, True),
        (LINGER, False, False),
        (LINGER, True, True),
        (LONGEST, True, False),
    ],
)
def test_it_goes_on_for_a_while_and_through_uploads(elapsed, receiving, expected):
    assert lingers(elapsed, receiving) is expected


@pytest.mark.parametrize(
    ("elapsed", "busy", "expected"),
    [(0, False, False), (SHORTEST, False, True), (SHORTEST, True, False), (LAST, True, True)],
)
def test_the_index_is_closed_when_nobody_needs_it_or_after_some_time(elapsed, busy, expected):
    assert closes(elapsed, busy) is expected


async def test_the_end_waits_for_who_is_busy():
    busy = True
    ending = asyncio.create_task(leaving.finish(lambda: busy))
    done, _ = await asyncio.wait({ending}, timeout=2 * SHORTEST)
    assert not done
    busy = False
    await asyncio.wait_for(ending, LAST)
