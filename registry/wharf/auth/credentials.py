"""Checks passwords against htpasswd lines: bcrypt once per credential, not once per request.

Rule: no plain password is kept. What is remembered is an HMAC of name and password under a key that lives and dies with
the table, so a reload forgets everything. Every check costs the same whether the user exists or not, and one credential
is checked once however many requests bring it at the same time.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import secrets
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import bcrypt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wharf.auth.htpasswd import Line
    from wharf.clock import Clock

CACHE_LIMIT = 10_000  # credentials remembered, good and bad apart
REFUSED_SECONDS = 5.0  # how long a wrong password is remembered: spares bcrypt a client that keeps trying one
PENDING_LIMIT = 256  # bcrypt runs that may wait; past that a check is refused rather than queued
_BCRYPT_LIMIT = 72  # bytes; bcrypt ignores what follows, and so did every htpasswd check before
_DEFAULT_COST, _LEAST_COST = 10, 4  # bcrypt runs 2^cost rounds, and takes no cost below 4


class CredentialsBusyError(Exception):
    """Too many passwords are being checked: try again in a moment."""


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What is remembered of a credential: whether it is good, and until when (Unix seconds, None: for good)."""

    good: bool
    until: float | None
    proof: str = ""  # of the line that it opens


class Credentials:
    """The users of one htpasswd file, and the credentials that were verified against it."""

    def __init__(self, users: Mapping[str, Sequence[Line]], clock: Clock, pool: ThreadPoolExecutor) -> None:
        self._users = users
        self._clock = clock
        self._pool = pool
        self._key = secrets.token_bytes(32)
        self._good: OrderedDict[bytes, _Verdict] = OrderedDict()
        self._bad: OrderedDict[bytes, _Verdict] = OrderedDict()
        self._running: dict[bytes, asyncio.Task[_Verdict]] = {}
        self._rounds = max(map(_rounds, users.values()), default=1 << _DEFAULT_COST)
        self._decoy = secrets.token_hex(16)[:31].encode()  # the end of a hash that no password is known to open

    def is_new(self, name: str, password: str) -> bool:
        """Whether checking this costs a run of bcrypt: it is neither remembered nor being checked."""
        key = self.key(name, password)
        return key not in self._running and self.remembered(key) is None

    def ends(self, name: str, proof: str) -> float:
        """When the password with this proof stops being one of the user's, in Unix seconds; 0 when it is none now."""
        for line in self._users.get(name, ()):
            if hmac.compare_digest(_proof(line), proof):
                until = float("inf") if line.expires is None else line.expires
                return until if self._clock() < until else 0.0
        return 0.0

    async def verify(self, name: str, password: str) -> bool:
        """Whether the password is one of the user's. Raises CredentialsBusyError."""
        return bool(await self.prove(name, password))

    async def prove(self, name: str, password: str) -> str:
        """What names the line that the password opens; empty when it opens none. Raises CredentialsBusyError."""
        key = self.key(name, password)
        verdict = self.remembered(key)
        if verdict is None:
            task = self._running.get(key)
            if task is None:
                if len(self._running) >= PENDING_LIMIT:
                    raise CredentialsBusyError("too many logins at once: try again in a moment")
                task = asyncio.create_task(self._check(key, name, password))
                self._running[key] = task
            # shield: the check outlives a client that hangs up, for others may wait for the same one.
            verdict = await asyncio.shield(task)
        good = verdict.good and (verdict.until is None or self._clock() < verdict.until)
        return verdict.proof if good else ""

    def remembered(self, key: bytes) -> _Verdict | None:
        """The verdict on a fingerprint that still stands."""
        verdict = self._good.get(key) or self._bad.get(key)
        if verdict is None or (verdict.until is not None and self._clock() >= verdict.until):
            return None
        return verdict

    def accepts(self, key: bytes) -> bool:
        """Whether a credential is known to be good, and still is."""
        verdict = self.remembered(key)
        return verdict is not None and verdict.good

    def key(self, name: str, password: str) -> bytes:
        """What a credential is known by."""
        # The length keeps `ab`+`c` and `a`+`bc` apart; surrogates cannot be encoded, and mean no user either.
        user = name.encode(errors="replace")
        message = len(user).to_bytes(4, "big") + user + password.encode(errors="replace")
        return hmac.digest(self._key, message, "sha256")

    async def _check(self, key: bytes, name: str, password: str) -> _Verdict:
        lines = self._users.get(name, ())
        secret = password.encode(errors="replace")[:_BCRYPT_LIMIT]
        try:
            loop = asyncio.get_running_loop()
            matched = await loop.run_in_executor(self._pool, self._compare, lines, secret)
        finally:
            self._running.pop(key, None)
        now = self._clock()
        alive = [line for line in matched if line.expires is None or now < line.expires]
        if alive:
            ends = [line.expires for line in alive if line.expires is not None]
            longest = max(alive, key=lambda line: float("inf") if line.expires is None else line.expires)
            verdict = _Verdict(True, max(ends) if len(ends) == len(alive) else None, _proof(longest))
        else:
            verdict = _Verdict(False, now + REFUSED_SECONDS)
        self._remember(key, verdict)
        return verdict

    def _compare(self, lines: Sequence[Line], secret: bytes) -> list[Line]:
        """The lines that the secret opens. Where it opens none, this costs what the dearest user's lines cost."""
        matched = [line for line in lines if _opens(secret, line.hash)]
        missing = 0 if matched else self._rounds - _rounds(lines)  # who knows the password learns nothing from it
        for cost in range(_LEAST_COST, missing.bit_length()):  # a run for each binary digit makes up what is missing
            if missing >> cost & 1:
                _opens(secret, bcrypt.gensalt(cost) + self._decoy)
        return matched

    def _remember(self, key: bytes, verdict: _Verdict) -> None:
        cache = self._good if verdict.good else self._bad
        cache[key] = verdict
        while len(cache) > CACHE_LIMIT:
            cache.popitem(last=False)


def make_pool() -> ThreadPoolExecutor:
    """The threads for bcrypt: one fewer than there are processors, so that logins never stop the rest."""
    return ThreadPoolExecutor(max(1, (os.cpu_count() or 2) - 1), thread_name_prefix="wharf-bcrypt")


def _rounds(lines: Sequence[Line]) -> int:
    """What it takes to try a password on all lines of a user."""
    return sum(1 << line.cost for line in lines)


def _proof(line: Line) -> str:
    """What names a line, the same for every process, and says nothing of the password that opens it."""
    return hashlib.sha256(b"wharf password line " + line.hash).hexdigest()[:32]


def _opens(secret: bytes, line: bytes) -> bool:
    if b"\0" in secret:
        # bcrypt ends a password at NUL, so this would open with less than was set: it opens nothing, at the same cost.
        bcrypt.checkpw(secret.replace(b"\0", b"?"), line)
        return False
    return bcrypt.checkpw(secret, line)
