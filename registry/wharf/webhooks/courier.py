"""Delivering to one endpoint: a few repositories at a time, the events of each in their order.

Rule: a repository's events are sent one after the other, in the order of their commits, and the next only once the
one before was taken or given up; so an event that the endpoint refuses holds up its repository and no other. An event
leaves the outbox only after the endpoint said 2xx, or as a dead letter once the webhook's policy is at its end.
Whatever has happened is in the outbox: a restart goes on where it was.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wharf.metadata.interface import MetadataError
from wharf.metadata.outbox import EndpointState, Failure
from wharf.webhooks.attempt import Endpoint
from wharf.webhooks.circuit import LONGEST_RETRY_AFTER, Circuit, pause
from wharf.webhooks.forms import body

if TYPE_CHECKING:
    from wharf.clock import Clock
    from wharf.metadata.outbox import Delivery, Outbox
    from wharf.webhook_settings import Webhook
    from wharf.webhooks.attempt import Outcome
    from wharf.webhooks.envelope import Source
    from wharf.webhooks.networks import Networks

LANES = 4
"""Repositories whose events are sent at a time, each on a connection of its own."""

LOOK = 64
"""Repositories that are looked up at a time."""

BATCH, BATCH_SECONDS = 64, 0.1
"""Events of a repository that are sent, and how long, before another gets its turn."""

LOOK_EVERY = 0.3
"""Seconds between two looks that commits ask for: one finds all that came meanwhile. The first is at once."""

ACKNOWLEDGE = 0.05
"""Seconds within which what was taken is recorded, in one commit for all repositories and all webhooks, for they do it
at the same moments: pushes wait for commits."""

OUTBOX_PAUSE = 5.0
"""Seconds to wait when the outbox cannot be used."""

GRACE = 5.0
"""Seconds that attempts under way have to end when delivery stops."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Frame:
    """What is the same for all webhooks: whose events they are told, and where their endpoints may be."""

    source: Source
    networks: Networks


class Courier:
    """Delivers to one webhook. `state`: how its deliveries stood when it was last delivered to."""

    def __init__(
        self, hook: Webhook, frame: Frame, outbox: Outbox, clock: Clock, state: EndpointState | None = None
    ) -> None:
        self.hook = hook
        self.frame = frame
        self._outbox = outbox
        self._clock = clock
        self._state = state or EndpointState()
        self._after = ""  # where the next look for repositories begins
        self._found: deque[str] = deque()  # repositories that a look found, for which there was no room yet
        self._lanes: dict[str, asyncio.Task[bool]] = {}
        self._sending = 0  # lanes that are, and not only wait for what they sent to be recorded
        self._refused: dict[str, float] = {}  # repositories whose next event is not due before then
        self._taken: list[int] = []  # what is not recorded yet
        self._recording: asyncio.Task[None] | None = None  # what will record it
        self._slot = 0.0  # when the next attempt may be made, by the rate
        self._woken = asyncio.Event()
        self._looked = 0.0  # when, last
        self._soon: asyncio.TimerHandle | None = None  # for the next look, where commits asked for one
        self._more = False  # beyond what was found there may be something to begin with when a lane ends
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin. Call it in the event loop."""
        self._loop = asyncio.get_running_loop()
        ahead = min((self._state.next_attempt or 0.0) - self._clock(), LONGEST_RETRY_AFTER)
        self._circuit = Circuit(self.hook, self._state.failures, self._loop.time() + ahead if ahead > 0 else 0.0)
        self._task = asyncio.create_task(self._run(), name=f"webhook {self.hook.name}")
        self._task.add_done_callback(_report)

    def wake(self) -> None:
        """Something was committed: look into the outbox, now or as soon as it is time again."""
        if self._soon is None and not self._woken.is_set():
            ahead = self._looked + LOOK_EVERY - self._loop.time()
            if ahead > 0:
                self._soon = self._loop.call_later(ahead, self._woken.set)
            else:
                self._woken.set()

    def looked(self, since: float) -> bool:
        """Whether it has looked into the outbox since then, by the loop's clock."""
        return self._looked > since

    async def stop(self) -> None:
        """End after the attempts that are under way, or without them when they take too long."""
        self._stopping.set()
        self._woken.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=GRACE)
            if self._task.cancel():
                await asyncio.wait({self._task})

    async def _run(self) -> None:
        self._endpoint = Endpoint(self.hook, self.frame.networks)
        try:
            while not self._stopping.is_set():
                self._woken.clear()
                try:
                    await self._look()
                except MetadataError as error:
                    _LOG.warning("webhook %s: the outbox could not be used: %s", self.hook.name, error)
                    await self._pause(OUTBOX_PAUSE)
                    continue
                await _until(self._woken, self._next())
            if self._lanes:
                await asyncio.wait(self._lanes.values())
        finally:
            self._forget_timer()
            for lane in self._lanes.values():
                lane.cancel()
            await asyncio.gather(*self._lanes.values(), return_exceptions=True)
            await self._endpoint.close()

    def _next(self) -> float | None:
        """Seconds until there is something to look for without being woken."""
        now = self._loop.time()
        if wait := self._circuit.wait(now):
            return wait
        return max(0.0, min(self._refused.values()) - now) if self._refused and not self._full(now) else None

    def _full(self, now: float) -> bool:
        return self._sending >= self._circuit.room(now, LANES)

    async def _look(self) -> None:
        """Begin with as many repositories as may be, going round, so that each gets its turn."""
        now = self._looked = self._loop.time()
        self._forget_timer()
        self._more = False
        self._refused = {name: due for name, due in self._refused.items() if due > now}
        if self.hook.suspended or self._stopping.is_set():
            return
        self._go_on(now)
        went_round = not self._after
        while not self._full(now):
            found = await self._outbox.lanes(self.hook.name, self._after, LOOK)
            self._found.extend(found)
            self._after = found[-1] if len(found) == LOOK else ""
            self._go_on(now)
            if not self._after:
                if went_round:
                    return
                went_round = True
        self._more = True

    def _go_on(self, now: float) -> None:
        """Begin with what was found, as far as there is room."""
        while self._found and not self._full(now) and not self._stopping.is_set():
            name = self._found.popleft()
            if name in self._lanes:
                self._more = True
            elif name not in self._refused:
                self._begin(name)

    def _begin(self, repository: str) -> None:
        self._sending += 1
        lane = asyncio.create_task(self._lane(repository), name=f"webhook {self.hook.name} {repository}")
        self._lanes[repository] = lane
        lane.add_done_callback(lambda _: self._end(repository))
        lane.add_done_callback(_report)

    def _end(self, repository: str) -> None:
        lane = self._lanes.pop(repository)
        if lane.cancelled():
            return
        if lane.exception() is not None:
            self._refused[repository] = self._loop.time() + OUTBOX_PAUSE
            self._woken.set()
        elif (self._more and not self._found) or not lane.result():
            self._woken.set()

    async def _lane(self, repository: str) -> bool:
        """Send what waits of one repository, a batch at most, until one is not taken. Whether that was all.

        While it waits for the record of what was taken, another repository is sent.
        """
        records: set[asyncio.Task[None]] = set()
        try:
            try:
                found = await self._outbox.pending(self.hook.name, repository, BATCH)
                end = self._loop.time() + BATCH_SECONDS
                for delivery in found:
                    if (records and self._loop.time() > end) or not await self._deliver(repository, delivery):
                        return False
                    records.add(self._take(delivery.id))
            finally:
                self._sending -= 1
                self._go_on(self._loop.time())
                await asyncio.gather(*records)  # or it would be sent again
        except MetadataError as error:
            _LOG.warning("webhook %s: the outbox could not be used: %s", self.hook.name, error)
            self._refused[repository] = self._loop.time() + OUTBOX_PAUSE
            return False
        return len(found) < BATCH

    def _take(self, delivery: int) -> asyncio.Task[None]:
        """Record soon that a delivery was taken; the task that does."""
        self._taken.append(delivery)
        if self._recording is None:
            self._recording = asyncio.create_task(self._record())
        return self._recording

    async def _record(self) -> None:
        await self._pause(ACKNOWLEDGE - self._loop.time() % ACKNOWLEDGE)
        taken, self._taken, self._recording = self._taken, [], None
        await self._outbox.delivered(self.hook.name, taken)

    async def _deliver(self, repository: str, delivery: Delivery) -> bool:
        """Try once; whether it was taken. When not, that is recorded. Nothing is tried where nothing may be."""
        if not await self._turn():
            return False
        kind, content = body(self.hook.format, delivery.event, self.frame.source)
        outcome = await self._endpoint.post(delivery.event.id, kind, content, self._clock())
        if not outcome.error:
            self._circuit.succeeded()
            return True
        await self._failed(repository, delivery, outcome)
        return False

    async def _turn(self) -> bool:
        """Wait until the rate allows an attempt; False when none may be made then."""
        if self.hook.rate:
            now = self._loop.time()
            self._slot = max(now, self._slot + 1.0 / self.hook.rate)
            await self._pause(self._slot - now)
        return not self._stopping.is_set() and self._circuit.room(self._loop.time(), LANES) > 0

    async def _failed(self, repository: str, delivery: Delivery, outcome: Outcome) -> None:
        hook, now, steady = self.hook, self._clock(), self._loop.time()
        self._circuit.failed(steady, outcome.retry_after)
        failure = Failure(delivery.id, outcome.error, outcome.answer)
        attempts = delivery.attempts + 1
        if now - delivery.created > hook.max_age or 0 < hook.max_attempts <= attempts:
            before = now - hook.max_age if self._circuit.broken else 0.0
            buried = await self._outbox.give_up(hook.name, failure, before, hook.dead_letters)
            _LOG.error("webhook %s: gave up %d events: %s", hook.name, buried, outcome.error)
            return
        wait = max(pause(hook, delivery.attempts, outcome.retry_after), self._circuit.wait(steady))
        self._refused[repository] = steady + wait
        _LOG.warning("webhook %s: attempt %d failed: %s", hook.name, attempts, outcome.error)
        await self._outbox.failed(hook.name, failure, now + wait)

    async def _pause(self, seconds: float) -> None:
        """Wait, but not longer than until the stop."""
        if seconds > 0:
            await _until(self._stopping, seconds)

    def _forget_timer(self) -> None:
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None


async def _until(event: asyncio.Event, seconds: float | None) -> None:
    """Wait for an event, but no longer. Not by wait_for(), which may lose a cancellation (CPython issue 86296)."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def _report(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _LOG.critical("%s stopped by a defect; restart wharf, and report this", task.get_name(), exc_info=error)
