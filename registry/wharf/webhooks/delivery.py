"""Delivering the outbox: a courier for each webhook, so that no endpoint waits for another.

Rule: a courier is woken by a commit of this process at once, and by one of another within two of POLL, at the cost of
one short look for all of them, or of none while all are looking anyway. What waits for a webhook outlasts it for a
while: see metadata/outbox.py.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from wharf.metadata.interface import MetadataError
from wharf.webhooks.courier import Courier
from wharf.webhooks.pace import Pace, demand

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from wharf.clock import Clock
    from wharf.metadata.outbox import Outbox
    from wharf.metadata.pull_log import PullLog
    from wharf.webhook_settings import Webhook
    from wharf.webhooks.courier import Frame

POLL = 0.25
"""Seconds between two looks at the outbox for what another process has committed."""

TIDY = 30.0
"""Seconds between two looks whether more waits than may."""

PULLS_ROOM = 64 << 20
"""Bytes of pulls that may wait to become events: 60,000 at least, and as many millions as are alike."""

_LOG = logging.getLogger(__name__)


class Deliveries:
    """Delivers to every webhook of the configuration. One process at a time may run it.

    `answered`: the weight of the requests that this process has answered, which pulls that are to be told give way to.
    """

    def __init__(
        self, outbox: Outbox, pulls: PullLog, clock: Clock, answered: Callable[[], float] = lambda: 0.0
    ) -> None:
        self._outbox = outbox
        self._pulls = pulls
        self._clock = clock
        self._answered = answered
        self._couriers: dict[str, Courier] = {}

    async def configure(self, webhooks: Sequence[Webhook], frame: Frame) -> None:
        """Deliver to these from now on. Those that changed are tried at once: the change may be the remedy."""
        wanted = {hook.name: hook for hook in webhooks}
        stale = [
            name
            for name, courier in self._couriers.items()
            if wanted.get(name) != courier.hook or courier.frame != frame
        ]
        await asyncio.gather(*(self._couriers.pop(name).stop() for name in stale))
        await self._outbox.keep_only(wanted)
        fresh = [hook for name, hook in wanted.items() if name not in self._couriers]
        await asyncio.gather(*(self._attend(hook) for hook in fresh))
        states = await self._outbox.states() if fresh else {}
        for hook in fresh:
            state = states.get(hook.name)
            if state is not None and hook.name in stale:
                state = replace(state, next_attempt=None, failures=0)
            courier = self._couriers[hook.name] = Courier(hook, frame, self._outbox, self._clock, state)
            courier.start()

    async def run(self) -> None:
        """Look at the outbox now and then, until cancelled."""
        loop, due = asyncio.get_running_loop(), 0.0
        pace = Pace(loop.time(), self._answered(), demand())
        while True:
            await asyncio.sleep(POLL)
            try:
                await self._unfold(pace, loop.time())
                if not all(courier.looked(loop.time() - POLL) for courier in self._couriers.values()):
                    self.wake(await self._outbox.waiting())
                if (now := loop.time()) >= due:
                    due = now + TIDY
                    await self._tidy()
            except MetadataError as error:
                _LOG.warning("the outbox could not be looked at: %s", error)

    def wake(self, webhooks: Collection[str]) -> None:
        """Something waits in the outbox for these: look now."""
        for name in webhooks:
            if courier := self._couriers.get(name):
                courier.wake()

    async def stop(self) -> None:
        """Let the attempts under way end, for a while, and stop."""
        couriers, self._couriers = self._couriers, {}
        await asyncio.gather(*(courier.stop() for courier in couriers.values()))

    async def _attend(self, hook: Webhook) -> None:
        replayed = await self._outbox.attend(hook.name, suspended=hook.suspended, replay=hook.replay)
        if replayed:
            _LOG.info("webhook %s: %d dead letters are sent again", hook.name, replayed)

    async def _unfold(self, pace: Pace, now: float) -> None:
        """Let pulls be told, as many as may."""
        waiting, size = await self._pulls.waiting()
        if size > PULLS_ROOM:
            lost = await self._pulls.trim(PULLS_ROOM)
            _LOG.error("no room for pulls that webhooks are to be told of: dropped %d", lost)
            waiting -= lost
        webhooks = sum("pull" in courier.hook.events for courier in self._couriers.values())
        if share := pace.share(now, waiting, self._answered(), demand(), webhooks):
            pace.told(await self._pulls.unfold(share))

    async def _tidy(self) -> None:
        states = await self._outbox.states()
        await self._outbox.keep_only(list(self._couriers))
        for name, courier in list(self._couriers.items()):
            state, hook = states.get(name), courier.hook
            if state is not None and state.pending > hook.backlog:
                buried = await self._outbox.overflow(name, hook.backlog, hook.dead_letters)
                if buried:  # pulls that are not in the outbox yet are pending too
                    _LOG.error("webhook %s: more than %d events wait: gave up %d", name, hook.backlog, buried)
