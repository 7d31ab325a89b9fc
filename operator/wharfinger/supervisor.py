"""Runs Kopf, and runs it again when it ends.

Rule: Kopf ends on errors that pass (a 401, a CRD that is not there yet, a minute of 503) and, when it ends, cancels
every task of its event loop, whoever made it. So it gets a thread and an event loop of its own, a watchful eye, and a
new start with back-off; the rest of the operator does not notice.
"""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import kopf

from wharfinger import handlers, metrics

log = logging.getLogger(__name__)
_STEADY_SECONDS = 300.0  # a run that lasted this long counts as well begun
_STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds between an end and the next start."""

    first: float = 1.0
    last: float = 60.0

    def pause(self, failures: int) -> float:
        """Return the pause after so many failures in a row."""
        longest = min(self.last, self.first * 2.0 ** min(failures, 16))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret


class FrontDoor:
    """Kopf in a thread of its own. `start` blocks until Kopf ends; it gets a flag that tells it to."""

    def __init__(self, start: Callable[[threading.Event], None], backoff: Backoff = Backoff()) -> None:
        self._start = start
        self._backoff = backoff
        self.restarts = 0

    async def run(self) -> None:
        """Keep Kopf running until cancelled."""
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            begun = loop.time()
            reason = await self._once(loop)
            failures = 0 if loop.time() - begun > _STEADY_SECONDS else failures + 1
            self.restarts += 1
            metrics.FRONT_DOOR_RESTARTS.inc()
            pause = self._backoff.pause(failures - 1 if failures else 0)
            log.warning("Kopf ended, next start in %.1f s: %s", pause, reason)
            await asyncio.sleep(pause)

    async def _once(self, loop: asyncio.AbstractEventLoop) -> str:
        stop = threading.Event()
        with ThreadPoolExecutor(1, "kopf") as executor:
            ended = loop.run_in_executor(executor, self._start, stop)
            try:
                await asyncio.wait({ended})
            finally:
                stop.set()
                await asyncio.wait({ended}, timeout=_STOP_SECONDS)
                executor.shutdown(wait=False)
        error = ended.exception()
        return f"{type(error).__name__}: {error}" if error is not None else "it returned"


def kopf_runner(door: handlers.Door, namespaces: tuple[str, ...]) -> Callable[[threading.Event], None]:
    """Return what runs Kopf in the current thread until its flag is set or it fails."""

    def start(stop: threading.Event) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            asyncio.run(
                kopf.operator(
                    standalone=True,
                    clusterwide=not namespaces,
                    namespaces=namespaces,
                    stop_flag=stop,
                    memo=kopf.Memo(door=door),
                )
            )

    return start
