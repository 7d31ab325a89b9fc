"""/healthz, /readyz and /metrics.

Rule: /healthz fails only for what a restart of this process mends: a stuck queue, a watch that no longer even tries. An
API server that is away makes /readyz fail and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from aiohttp import web

from wharfinger import metrics
from wharfinger.kube.cache import Key
from wharfinger.kube.informer import Informer
from wharfinger.kube.queue import WorkQueue

_STUCK = 300.0  # seconds that a key may wait or be worked on
_SILENT = 180.0  # seconds without an answer, event or bookmark: the server sends one a minute
_TROUBLED = 20.0  # likewise, while every try fails
_DEAD = 600.0


class Health:
    """Answers for the operator. One that stands by is well, although nobody works on its queue."""

    def __init__(
        self, queue: WorkQueue[Key], informers: Sequence[Informer], leading: Callable[[], bool] = lambda: True
    ) -> None:
        self._queue = queue
        self._informers = informers
        self._leading = leading

    def ailments(self) -> list[str]:
        """Return what a restart would mend."""
        now = asyncio.get_running_loop().time()
        # while the API server does not answer, work waits for it, and no restart would mend that
        waiting = not self._leading() or any(one.trouble and not one.forbidden for one in self._informers)
        stuck = 0.0 if waiting else self._queue.stuck_for()
        found = [f"the queue has been stuck for {stuck:.0f} s"] if stuck > _STUCK else []
        return found + [
            f"the watch of {informer.resource.plural} has been dead for {now - informer.last_try:.0f} s"
            for informer in self._informers
            if now - informer.last_try > _DEAD
        ]

    def unready(self) -> list[str]:
        """Return why the operator cannot do its work now."""
        now = asyncio.get_running_loop().time()
        return self.ailments() + [
            f"{informer.resource.plural}: {informer.trouble or 'not listed yet'}"
            for informer in self._informers
            if not informer.synced.is_set()
            or now - informer.last_contact > (_TROUBLED if informer.trouble else _SILENT)
        ]

    def application(self) -> web.Application:
        """Return the web application."""
        application = web.Application()
        application.router.add_get("/healthz", self._healthz)
        application.router.add_get("/readyz", self._readyz)
        application.router.add_get("/metrics", self._metrics)
        return application

    async def _healthz(self, _: web.Request) -> web.Response:
        return _verdict(self.ailments())

    async def _readyz(self, _: web.Request) -> web.Response:
        return _verdict(self.unready())

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(text=metrics.render(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


def _verdict(complaints: list[str]) -> web.Response:
    return web.Response(status=503 if complaints else 200, text="\n".join(complaints or ["ok"]) + "\n")
