"""Rotation against a model: who holds a password that was promised to work is never refused, by any replica.

The model knows what users are told, and nothing of how it comes about: the password in the Secret works; one that was
replaced works until the overlap is over, unless it was revoked. Edits, revocations, clocks, crashes between two writes,
and replicas that load the file at different times come in any order.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.wharfinger.decide.conftest import World

from wharfinger.children.user import REVOKING
from wharfinger.decide.htpasswd import parse
from wharfinger.decide.observed import FileReport, Replica
from wharfinger.decide.replicas import sha256

USERS = ("a", "b")
OVERLAPS = {"0s": dt.timedelta(), "1h": dt.timedelta(hours=1), "24h": dt.timedelta(hours=24)}
REPLICAS = 2


class Rotation(RuleBasedStateMachine):
    """One Registry of two replicas and two users."""

    @initialize()
    def start(self) -> None:
        self.texts = {user: {"name": user, "rotation": "1"} for user in USERS}
        self.overlap = "24h"
        storage = {"accessModes": ["ReadWriteMany"]}
        spec = {"replicas": REPLICAS, "storage": storage, "tls": {"issuer": "Disabled"}, "auth": self.auth()}
        self.here = World(spec)
        self.here.settle()
        self.numbers = iter(range(2, 1000))
        self.loaded = [self.here.data("team-htpasswd", "htpasswd")] * REPLICAS
        self.current = {user: self.password(user) for user in USERS}
        self.promised: dict[str, dict[str, dt.datetime]] = {user: {} for user in USERS}  # and until when
        self.revoked: set[str] = set()  # users whose next replaced passwords are promised nothing

    def auth(self) -> dict[str, object]:
        return {"rotationOverlap": self.overlap, "users": [dict(text) for text in self.texts.values()]}

    def password(self, user: str) -> str:
        return self.here.data(f"team-user-{user}", "password")

    def revoking(self, user: str) -> bool:
        notes = self.here.child("Secret", f"team-user-{user}")["metadata"]["annotations"]
        return bool(notes.get(REVOKING)) or notes.get("wharfinger.dev/revoke", "") != self.texts[user].get("revoke", "")

    def edit(self) -> None:
        self.here.edit(auth=self.auth())

    def look(self, writes: int | None) -> None:
        """One look of the operator, at most so many writes of it; then what users see has changed, or not."""
        self.report()
        self.here.step(writes)
        for user in USERS:
            if (now := self.password(user)) != self.current[user]:
                if user not in self.revoked and OVERLAPS[self.overlap]:
                    self.promised[user][self.current[user]] = self.here.now + OVERLAPS[self.overlap]
                self.current[user] = now
            # a revocation waits for the replicas for a minute at most: until they have the new password nobody gets in
            if user in self.revoked and not self.revoking(user) and self.lets_in(user):
                self.revoked.discard(user)

    def lets_in(self, user: str) -> bool:
        """Whether every replica takes the password that users read."""
        return all(self.accepts(text, user, self.current[user]) for text in self.loaded)

    def report(self) -> None:
        """What each replica says that it has loaded."""
        self.here.run_pods()
        told = []
        for number, text in enumerate(self.loaded):
            whole = self.here.observed.replicas[number]
            report = whole.report
            assert report is not None
            report = dataclasses.replace(report, htpasswd=FileReport(sha256(text)))
            told.append(Replica({**whole.pod, "metadata": {"name": f"team-{number}"}}, report))
        self.here.change(replicas=tuple(told))

    @rule(user=st.sampled_from(USERS))
    def rotate(self, user: str) -> None:
        self.texts[user]["rotation"] = str(next(self.numbers))
        self.edit()

    @rule(user=st.sampled_from(USERS))
    def revoke(self, user: str) -> None:
        self.texts[user]["revoke"] = str(next(self.numbers))
        self.promised[user].clear()
        self.revoked.add(user)
        self.edit()

    @rule(user=st.sampled_from(USERS), every=st.sampled_from(["1h", "48h", None]))
    def schedule(self, user: str, every: str | None) -> None:
        self.texts[user].pop("rotateEvery", None)
        if every is not None:
            self.texts[user]["rotateEvery"] = every
        self.edit()

    @rule(overlap=st.sampled_from(list(OVERLAPS)))
    def change_overlap(self, overlap: str) -> None:
        self.overlap = overlap
        latest = self.here.now + OVERLAPS[overlap]
        for promised in self.promised.values():
            promised.update({word: min(until, latest) for word, until in promised.items()})
        self.edit()

    @rule(writes=st.one_of(st.none(), st.integers(0, 3)))
    def operate(self, writes: int | None) -> None:
        self.look(writes)

    @rule()
    def operate_until_nothing_changes(self) -> None:
        for _ in range(8):
            self.load(0)
            self.load(1)
            self.look(None)
            if not self.here.plans[-1].apply:
                break

    @rule(number=st.integers(0, REPLICAS - 1))
    def load(self, number: int) -> None:
        self.loaded[number] = self.here.data("team-htpasswd", "htpasswd")

    @rule(minutes=st.sampled_from([1, 30, 61, 25 * 60]))
    def wait(self, minutes: int) -> None:
        self.here.now += dt.timedelta(minutes=minutes)

    @precondition(lambda self: not self.revoked)
    @rule(minutes=st.sampled_from([2, 90]))
    def set_the_clock_back(self, minutes: int) -> None:
        self.here.now -= dt.timedelta(minutes=minutes)
        latest = self.here.now + OVERLAPS[self.overlap]
        for promised in self.promised.values():
            promised.update({word: min(until, latest) for word, until in promised.items()})

    @invariant()
    def nobody_who_was_promised_entry_is_refused(self) -> None:
        for user in USERS:
            promised = self.promised[user]
            for word in [word for word, until in promised.items() if until <= self.here.now]:
                del promised[word]
            held = set(promised) if user in self.revoked else {self.current[user], *promised}
            for text in self.loaded:
                assert not {word for word in held if not self.accepts(text, user, word)}, (user, text)

    def accepts(self, text: str, user: str, word: str) -> bool:
        """Whether a replica that has loaded this file lets the user in."""
        return any(
            line.user == user and (line.expires is None or line.expires > self.here.now)
            and self.here.mint.verify(word, line.hash) for line in parse(text)
        )  # fmt: skip


TestRotation = Rotation.TestCase
TestRotation.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
