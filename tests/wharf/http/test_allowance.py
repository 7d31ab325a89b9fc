"""Large bodies share a bounded amount of memory; small ones do not wait for them."""

import asyncio
import contextlib

import pytest

from wharf.http import allowance
from wharf.http.allowance import SMALL, Allowance
from wharf.protocol.errors import Problem, RegistryError


async def test_a_share_comes_back_whatever_becomes_of_its_request():
    shared = Allowance(3 * SMALL)
    for _ in range(3):
        with contextlib.suppress(ValueError):
            async with shared.of(2 * SMALL):
                raise ValueError
    async with shared.of(3 * SMALL):
        pass


async def test_a_large_body_waits_and_a_small_one_does_not():
    shared = Allowance(3 * SMALL)
    taken = asyncio.Event()

    async def another():
        async with shared.of(2 * SMALL):
            taken.set()

    async with shared.of(2 * SMALL):
        waiting = asyncio.create_task(another())
        async with shared.of(SMALL):
            await asyncio.sleep(0)
        assert not taken.is_set()
    async with asyncio.timeout(10):
        await waiting
    assert taken.is_set()


async def test_whoever_waits_in_vain_is_told_to_come_again(monkeypatch):
    monkeypatch.setattr(allowance, "PATIENCE", 0.01)
    shared = Allowance(3 * SMALL)
    async with shared.of(2 * SMALL):
        with pytest.raises(RegistryError) as refused:
            async with shared.of(2 * SMALL):
                pass
    assert refused.value.problem is Problem.TOO_MANY_REQUESTS
    assert ("Retry-After", "5") in refused.value.headers
    async with shared.of(2 * SMALL):
        pass
