"""Work in threads has ended when its caller goes on, whatever happens to the caller."""

import asyncio
import threading

import pytest

from wharf.threads import ended


@pytest.fixture
def work():
    """Work that ends when it is told to, with what it is told to."""

    class Work:
        def __init__(self):
            self.begun = threading.Event()
            self.go_on = threading.Event()
            self.error = None

        def __call__(self):
            self.begun.set()
            assert self.go_on.wait(10)
            if self.error is not None:
                raise self.error
            return "result"

    return Work()


async def begin(work):
    """A task that waits for the work, which is under way."""
    task = asyncio.create_task(ended(asyncio.get_running_loop().run_in_executor(None, work)))
    await asyncio.sleep(0)
    assert work.begun.wait(10)
    return task


async def test_the_result_is_passed_on(work):
    work.go_on.set()
    assert await (await begin(work)) == "result"


async def test_who_is_cancelled_stays_until_the_work_has_ended(work):
    task = await begin(work)
    for _ in range(3):
        task.cancel()
        for _ in range(5):
            await asyncio.sleep(0)
        assert not task.done()
    work.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_who_is_cancelled_is_told_that_the_work_failed(work):
    task = await begin(work)
    task.cancel()
    work.error = OSError("broken")
    work.go_on.set()
    with pytest.raises(OSError, match="broken"):
        await task
