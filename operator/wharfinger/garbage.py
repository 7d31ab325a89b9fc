"""Keeps Python's garbage collector from stopping the operator.

Rule: what is held for long (all modules, the caches) is set aside once a minute and not looked through again and again:
with a thousand Registries each time would take a fifth of a second, in which nothing is answered. What of it has become
garbage in cycles meanwhile is found once an hour; objects from the API server have no cycles and go without it.
"""

from __future__ import annotations

import asyncio
import gc

_YOUNG = (10_000, 20, 20)  # objects before a look at the youngest, and such looks before one at the older ones


async def set_aside(pause: float = 60.0, thorough: int = 60) -> None:
    """Set aside what there is every `pause` seconds, and every so many times look through all of it. Never ends."""
    gc.set_threshold(*_YOUNG)
    gc.freeze()  # what was imported; a collection here would only hold up the start
    times = 0
    while True:
        await asyncio.sleep(pause)
        times += 1
        if times % thorough == 0:
            gc.unfreeze()
        gc.collect()
        gc.freeze()
