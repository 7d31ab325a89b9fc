"""Asks the pods of every Registry for their reports, now and then, and remembers the answers.

Rule: a reconcile never waits for a pod. It reads the last answer; when an answer changes, the Registry is looked at
again. Polls are quick while something is still coming about, slow once it has, and the first is no exception: after a
start of the operator the pods of a Registry that is as it should be are asked in their turn. A report stands until a
pod has failed to answer twice in a row, and a pod that has just been found is unknown as long: neither one lost packet
nor a restart of the operator makes a Registry unready. Sizes count as changed by a step, not by a
byte: others write to the same disk all the time.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from wharfinger import metrics
from wharfinger.decide.observed import Report
from wharfinger.kube.cache import Key
from wharfinger.observe.report import Asker, ReportError, Target

_GIBIBYTE = 1 << 30


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two polls of a Registry's pods."""

    first: float = 0.2  # just after something changed
    eager: float = 1.0  # while converging
    steady: float = 5.0  # what users see of usage and webhooks is no older than that, while there are few Registries
    patience: int = 60  # polls without news after which eagerness fades
    each: float = 0.6  # a steady poll never comes round faster than this times the number of Registries
    longest: float = 600.0  # but not less often, however many there are
    filling: float = 0.125  # of the steady pause, while a disk fills or empties


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of asking a pod: a report, or why there is none."""

    report: Report | None
    error: str = ""


@dataclass(slots=True)
class _Watched:
    targets: frozenset[Target]
    eager: bool
    polls: int = 0  # since the last news
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    answers: dict[str, Answer] = field(default_factory=dict)  # by uid of the pod
    told: dict[str, Answer] = field(default_factory=dict)  # what the last change that was told looked like
    filling: bool = False  # whether the last answer told of other sizes than the one before
    missed: frozenset[str] = frozenset()  # pods whose last answer was none, though the one before was a report
    task: asyncio.Task[None] | None = None


def _gist(answer: Answer) -> Answer:
    """Return the answer with sizes in steps: about a mebibyte for what is used, one per cent for what is free."""
    report = answer.report
    if report is None:
        return answer
    step = max(1, min(_GIBIBYTE, report.capacity) // 1000)
    used, available = -(-report.used // step), report.available // max(1, report.capacity // 100)
    return replace(answer, report=replace(report, used=used, available=available))


def _sizes(answer: Answer) -> tuple[int, int] | None:
    return None if answer.report is None else (answer.report.used, answer.report.available)


class Poller:
    """Polls for all Registries. `on_change` gets the key of each whose answers changed."""

    def __init__(self, asker: Asker, on_change: Callable[[Key], None], pace: Pace = Pace()) -> None:
        self._asker = asker
        self._on_change = on_change
        self._pace = pace
        self._watched: dict[Key, _Watched] = {}

    def answers(self, key: Key) -> dict[str, Answer]:
        """Return the last answers of a Registry's pods, by the pod's uid."""
        watched = self._watched.get(key)
        return dict(watched.answers) if watched else {}

    def unheard(self, key: Key) -> frozenset[str]:
        """Return the uids of the pods that are polled and have not been heard of yet; `on_change` will tell."""
        watched = self._watched.get(key)
        if watched is None:
            return frozenset()
        return frozenset(target.uid for target in watched.targets if target.uid not in watched.answers)

    def follow(self, key: Key, targets: frozenset[Target], *, eager: bool) -> None:
        """Poll these pods from now on, and no others of this Registry."""
        watched = self._watched.get(key)
        if not targets:
            self.forget(key)
        elif watched is None:
            watched = self._watched[key] = _Watched(targets, eager)
            watched.task = asyncio.create_task(self._poll(key, watched), name=f"poll {key.namespace}/{key.name}")
        elif targets != watched.targets or eager > watched.eager:
            watched.targets, watched.eager, watched.polls = targets, eager, 0
            watched.wake.set()
        else:
            watched.eager = eager

    def pace(self, key: Key, *, eager: bool) -> None:
        """Say whether something is still coming about."""
        watched = self._watched.get(key)
        if watched is not None:
            self.follow(key, watched.targets, eager=eager)

    def nudge(self, key: Key) -> None:
        """Poll at once, and quickly for a while: something was just written that the pods should take up."""
        watched = self._watched.get(key)
        if watched is not None:
            watched.polls = 0
            watched.wake.set()

    def forget(self, key: Key) -> None:
        """Poll a Registry's pods no more."""
        watched = self._watched.pop(key, None)
        if watched is not None and watched.task is not None:
            watched.task.cancel()

    async def close(self) -> None:
        """End all polling, and forget all answers."""
        tasks = [watched.task for watched in self._watched.values() if watched.task is not None]
        self._watched.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _delay(self, watched: _Watched) -> float:
        pace = self._pace
        steady = min(pace.longest, max(pace.steady, pace.each * len(self._watched)))
        if watched.missed:
            return pace.first
        if not watched.eager and not watched.told:
            return steady * random.uniform(0, 1)  # noqa: S311 - spreads the load
        if not watched.eager:
            return max(pace.steady, steady * pace.filling) if watched.filling else steady
        if watched.polls > pace.patience:
            return min(steady, pace.eager * 1.3 ** min(watched.polls - pace.patience, 32))
        return min(pace.eager, pace.first * 1.3 ** min(watched.polls, 32))

    async def _poll(self, key: Key, watched: _Watched) -> None:
        if not watched.eager:
            await self._pause(watched)
        while True:
            watched.wake.clear()
            targets = watched.targets
            fresh = dict(zip((t.uid for t in targets), await asyncio.gather(*map(self._ask, targets)), strict=True))
            standing = {uid: self._standing(watched, uid, answer) for uid, answer in fresh.items()}
            watched.missed = frozenset(uid for uid in fresh if standing[uid] != fresh[uid])
            answers = {uid: answer for uid, answer in standing.items() if answer is not None}
            watched.polls += 1
            gists = {uid: _gist(answer) for uid, answer in answers.items()}
            watched.filling = any(_sizes(gist) != _sizes(watched.told.get(uid, gist)) for uid, gist in gists.items())
            if gists != watched.told:
                watched.told, watched.answers, watched.polls = gists, answers, 0
                self._on_change(key)
            watched.answers = answers
            await self._pause(watched)

    async def _pause(self, watched: _Watched) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._delay(watched)):  # wait_for may swallow being cancelled (Python 3.11)
                await watched.wake.wait()

    @staticmethod
    def _standing(watched: _Watched, uid: str, fresh: Answer) -> Answer | None:
        """What is to be made of a fresh answer; None: nothing yet."""
        before = watched.answers.get(uid)
        first_miss = fresh.report is None and (before is None or before.report is not None)
        return before if first_miss and uid not in watched.missed else fresh

    async def _ask(self, target: Target) -> Answer:
        try:
            answer = Answer(await self._asker.ask(target))
        except ReportError as error:
            answer = Answer(None, str(error))
        metrics.REPORTS.inc("report" if answer.report else "none")
        return answer
