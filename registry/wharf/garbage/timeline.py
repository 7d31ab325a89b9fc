"""How much time has really passed, though the wall clock was set, or the registry was off. Pure.

Rule: grace periods are for pushes, so only time in which a push could go on counts. Where the clock jumped forward, the
jump counts as nothing. In doubt a thing is younger.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Jump:
    """The wall clock went from `begin` to `end` at once, in Unix seconds; `end` is the later."""

    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """The present, the jumps before it, oldest first, and when the index was made."""

    now: float
    jumps: tuple[Jump, ...] = ()
    begin: float = 0.0

    def before(self, age: float) -> float:
        """The time that was `age` seconds ago. What is older has an earlier time on it."""
        now = self.now
        for jump in reversed(self.jumps):
            if now - age >= jump.end:
                break
            age -= max(now - jump.end, 0.0)
            now = min(jump.begin, now)
        return now - age

    def age(self, time: float) -> float:
        """How many seconds ago a time was; never negative."""
        skipped = sum(max(jump.end - max(jump.begin, time), 0.0) for jump in self.jumps if jump.end <= self.now)
        return max(self.now - time - skipped, 0.0)
