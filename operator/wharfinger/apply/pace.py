"""How often a pod may be annotated: poked, as a rule.

Rule: at once when something has changed, then less and less often while that does not help: a kubelet that is away is
not called every second, for ever; nor is who takes off again what was put on.
"""

from __future__ import annotations

_FIRST, _LAST = 1.0, 60.0  # seconds between two pokes of a pod


class Pace:
    """Remembers the pokes of each pod, by its uid. Times are the event loop's."""

    def __init__(self) -> None:
        self._pokes: dict[str, tuple[float, float]] = {}  # when a pod may be poked again, and the pause after that

    def wait(self, uid: str, now: float) -> float:
        """Return the seconds until the pod may be poked; 0 takes the turn."""
        due, pause = self._pokes.get(uid, (now, _FIRST))
        if now > due + _LAST:  # that was another matter
            due, pause = now, _FIRST
        if now < due:
            return due - now
        forgotten = [known for known, (at, _) in self._pokes.items() if now > at + _LAST]
        for known in forgotten:
            del self._pokes[known]
        self._pokes[uid] = (now + pause, min(pause * 2, _LAST))
        return 0.0
