"""When an endpoint is left alone: after failures in a row, or because it asked. Pure; times are of a steady clock.

Rule: an endpoint that failed five times in a row gets one attempt at a time, each after a longer pause, until one
succeeds; then everything goes on at once. What an endpoint asks for with Retry-After holds for all that is for it. What
waits meanwhile is kept.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wharf.webhook_settings import Webhook

THRESHOLD = 5
"""Failures in a row that open the circuit."""

LONGEST_RETRY_AFTER = 3600.0
"""Most seconds that an endpoint may ask to wait."""


class Circuit:
    """The circuit of one endpoint. `failures` in a row are known from before, and nothing is due before `until`."""

    def __init__(self, hook: Webhook, failures: int = 0, until: float = 0.0) -> None:
        self._hook = hook
        self.failures = failures
        self._until = until

    @property
    def broken(self) -> bool:
        """Whether the endpoint is taken to be down."""
        return self.failures >= THRESHOLD

    def room(self, now: float, most: int) -> int:
        """How many attempts may be under way: none, one to see whether it is up again, or `most`."""
        if now < self._until:
            return 0
        return 1 if self.broken else most

    def wait(self, now: float) -> float:
        """Seconds until an attempt may be made."""
        return max(0.0, self._until - now)

    def succeeded(self) -> None:
        """The endpoint took an event."""
        self.failures, self._until = 0, 0.0

    def failed(self, now: float, asked: float) -> None:
        """The endpoint did not take an event, and asked to wait so many seconds, or 0."""
        self.failures += 1
        wait = min(asked, LONGEST_RETRY_AFTER)
        if self.broken:
            wait = max(wait, pause(self._hook, self.failures - THRESHOLD, 0.0))
        self._until = max(self._until, now + wait) if wait else self._until


def pause(hook: Webhook, attempts: int, retry_after: float) -> float:
    """Seconds to wait when an attempt has failed after `attempts` others."""
    longest = min(hook.min_backoff * 2.0 ** min(attempts, 32), hook.max_backoff, hook.max_age)
    jittered = longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries, keeps no secret
    return max(jittered, min(retry_after, LONGEST_RETRY_AFTER))
