"""Progress of long commands."""

import asyncio

from wharf import progress


async def test_a_log_gets_lines_now_and_then_until_it_is_done(capsys, monkeypatch):
    monkeypatch.setattr(progress, "INTERVAL_IN_LOG", 0.01)
    done = 0
    async with asyncio.timeout(10), progress.told(lambda: f"{done} of 2"):
        while "1 of 2" not in capsys.readouterr().err:
            done = 1
            await asyncio.sleep(0.01)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert capsys.readouterr().out == ""
