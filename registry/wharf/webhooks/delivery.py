"""Delivering the outbox: one task a webhook, so that no endpoint waits for another.

Rule: a webhook's events are sent in the order of their commits, one at a time, at least once: an event leaves the
outbox only after its endpoint said 2xx, or as a dead letter once it failed and is older than the webhook's maxAge.
Between attempts the wait doubles, with jitter, up to maxBackoff, and is never shorter than a Retry-After asked for.
Whatever has happened is in the outbox: a restart goes on where it was.
"""

from __future__ import annotations

import asyncio
import logging
import random
from contextlib import suppress
from typing import TYPE_CHECKING

from wharf.metadata.interface import MetadataError
from wharf.webhooks.attempt import Endpoint
from wharf.webhooks.forms import body
from wharf.webhooks.networks import Networks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wharf.clock import Clock
    from wharf.metadata.outbox import Delivery, Outbox
    from wharf.webhook_settings import Webhook
    from wharf.webhooks.envelope import Source

POLL = 1.0
"""Seconds after which the outbox is looked at without being woken: another process may have committed."""

BATCH = 64
"""Deliveries that are read at a time."""

LONGEST_RETRY_AFTER = 3600.0
"""Most seconds that an endpoint may ask to wait."""

GRACE = 5.0
"""Seconds that an attempt under way has to end when delivery stops."""

_LOG = logging.getLogger(__name__)


class Deliveries:
    """Delivers to every webhook of the configuration. One process at a time may run it."""

    def __init__(self, outbox: Outbox, source: Source, clock: Clock) -> None:
        self._outbox = outbox
        self._source = source
        self._clock = clock
        self._couriers: dict[str, Courier] = {}

    async def configure(self, webhooks: Sequence[Webhook], networks: Networks) -> None:
        """Deliver to these from now on. What waits for others is dropped; those that changed are tried at once."""
        wanted = {hook.name: hook for hook in webhooks}
        stale = [
            name
            for name, courier in self._couriers.items()
            if wanted.get(name) != courier.hook or courier.networks != networks
        ]
        await asyncio.gather(*(self._couriers.pop(name).stop() for name in stale))
        await self._outbox.keep_only(wanted)
        states = await self._outbox.states()
        for name, hook in wanted.items():
            if name not in self._couriers:
                # A webhook that was changed is tried at once: the change may be the remedy.
                state = None if name in stale else states.get(name)
                courier = Courier(hook, networks, self._outbox, self._source, self._clock)
                courier.start(state.next_attempt if state else None)
                self._couriers[name] = courier

    def wake(self) -> None:
        """Something was committed to the outbox: look now."""
        for courier in self._couriers.values():
            courier.wake()

    async def stop(self) -> None:
        """Let the attempts under way end, for a while, and stop."""
        couriers, self._couriers = self._couriers, {}
        await asyncio.gather(*(courier.stop() for courier in couriers.values()))


class Courier:
    """Delivers to one webhook."""

    def __init__(self, hook: Webhook, networks: Networks, outbox: Outbox, source: Source, clock: Clock) -> None:
        self.hook = hook
        self.networks = networks
        self._outbox = outbox
        self._source = source
        self._clock = clock
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self, not_before: float | None) -> None:
        """Begin, with the first attempt no sooner than `not_before`."""
        self._task = asyncio.create_task(self._run(not_before), name=f"webhook {self.hook.name}")
        self._task.add_done_callback(_report)

    def wake(self) -> None:
        """Look into the outbox now."""
        self._woken.set()

    async def stop(self) -> None:
        """End after the attempt that is under way, or without it when it takes too long."""
        self._stopping.set()
        self._woken.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=GRACE)
            if self._task.cancel():
                await asyncio.wait({self._task})

    async def _run(self, not_before: float | None) -> None:
        endpoint = Endpoint(self.hook, self.networks)
        try:
            if not_before is not None:
                await self._pause(min(not_before - self._clock(), LONGEST_RETRY_AFTER))
            while not self._stopping.is_set():
                try:
                    await self._deliver_all(endpoint)
                    await self._wait_for_events()
                except MetadataError as error:
                    _LOG.warning("webhook %s: the outbox could not be used: %s", self.hook.name, error)
                    await self._pause(POLL)
        finally:
            await endpoint.close()

    async def _deliver_all(self, endpoint: Endpoint) -> None:
        """Deliver until the outbox is empty or an attempt has failed and its pause is over."""
        if self.hook.suspended:
            return
        self._woken.clear()
        for delivery in await self._outbox.pending(self.hook.name, BATCH):
            if self._stopping.is_set():
                return
            self._woken.set()  # there may be more behind the batch
            if not await self._deliver(endpoint, delivery):
                return

    async def _deliver(self, endpoint: Endpoint, delivery: Delivery) -> bool:
        """Try once, record the outcome, and pause after a failure; whether the next in line may follow."""
        kind, content = body(self.hook.format, delivery.event, self._source)
        outcome = await endpoint.post(delivery.event.id, kind, content, self._clock())
        name = self.hook.name
        if not outcome.error:
            await self._outbox.delivered(name, delivery.id)
            return True
        now = self._clock()
        if now - delivery.created > self.hook.max_age:
            buried = await self._outbox.give_up(name, delivery.id, outcome.error, now - self.hook.max_age)
            _LOG.error("webhook %s: gave up %d events: %s", name, buried, outcome.error)
            return False
        wait = pause(self.hook, delivery.attempts, outcome.retry_after)
        _LOG.warning("webhook %s: attempt %d failed: %s", name, delivery.attempts + 1, outcome.error)
        await self._outbox.failed(name, delivery.id, outcome.error, now + wait)
        await self._pause(wait)
        return False

    async def _wait_for_events(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), POLL)

    async def _pause(self, seconds: float) -> None:
        """Wait, whatever is committed meanwhile, but not longer than until the stop."""
        if seconds > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), seconds)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _LOG.critical("%s stopped by a defect; restart wharf, and report this", task.get_name(), exc_info=error)


def pause(hook: Webhook, attempts: int, retry_after: float) -> float:
    """Seconds to wait when an attempt has failed after `attempts` others."""
    longest = min(hook.min_backoff * 2.0 ** min(attempts, 32), hook.max_backoff)
    jittered = longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries, keeps no secret
    return max(jittered, min(retry_after, LONGEST_RETRY_AFTER))
