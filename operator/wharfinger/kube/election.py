"""Lease election: of several operators one works, the others stand by.

Rule: never two at once. A leader stops at a deadline that is measured from before its last successful renewal was sent
and that is shorter than the Lease; a follower counts a Lease as lapsed only after it has seen it unchanged, by its own
monotonic clock, for the whole of the Lease. No one compares wall clocks. (The elector that comes with the `kubernetes`
package had two leaders for 18 s when a connection hung.)
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wharfinger.kube.client import Client
from wharfinger.kube.errors import ConflictError, KubeError, NotFoundError
from wharfinger.kube.resources import LEASE

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Terms:
    """The election's times, in seconds. `deadline` + a request's longest time must be below `lease`."""

    lease: float = 15.0
    deadline: float = 8.0  # without a renewal, after which a leader stops
    retry: float = 2.0
    request: float = 3.0  # the longest that a request may take

    @classmethod
    def of(cls, lease: float) -> Terms:
        """The terms of a Lease that is longer or shorter, in the same proportions."""
        whole = cls()
        scale = lease / whole.lease
        return cls(lease, whole.deadline * scale, whole.retry * scale, whole.request * scale)


DEFAULT = Terms()


class Elector:
    """Runs `lead` whenever this operator holds the Lease. `client` must not retry by itself."""

    def __init__(
        self,
        client: Client,
        lease: tuple[str, str],
        identity: str,
        clock: Callable[[], datetime],
        terms: Terms = DEFAULT,
    ) -> None:
        self._client = client
        self._namespace, self._name = lease
        self._identity = identity
        self._clock = clock
        self._terms = terms
        self._seen: tuple[str, float] = ("", 0.0)  # version of the Lease last seen, and since when
        self._held: dict[str, Any] = {}  # the Lease as we last wrote it
        self.leading = False

    async def run(self, lead: Callable[[], Awaitable[None]]) -> None:
        """Stand by, lead, stand by again, until cancelled or `lead` ends; then give the Lease back."""
        while True:
            await self._acquire()
            log.info("this operator leads now")
            if await self._reign(lead):
                return
            log.warning("the Lease was lost: this operator stands by")

    async def _acquire(self) -> None:
        while not await self._attempt(self._claim):  # noqa: ASYNC110 - the other side of the wait is a server
            await asyncio.sleep(self._terms.retry * random.uniform(0.8, 1.2))  # noqa: S311 - jitter, not a secret

    async def _reign(self, lead: Callable[[], Awaitable[None]]) -> bool:
        self.leading = True
        work = asyncio.ensure_future(lead())
        renewing = asyncio.create_task(self._renew_until_lost(), name="renew the lease")
        try:
            await asyncio.wait({work, renewing}, return_when=asyncio.FIRST_COMPLETED)
            lost = renewing.done() and not work.done()
        except asyncio.CancelledError:
            await self._end(work, renewing)
            await self._attempt(self._release)
            raise
        await self._end(work, renewing)
        if lost:
            return False
        await self._attempt(self._release)
        work.result()  # a defect ends the process: it is started anew
        return True

    async def _end(self, *tasks: asyncio.Future[None]) -> None:
        self.leading = False
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    async def _renew_until_lost(self) -> None:
        loop = asyncio.get_running_loop()
        renewed = loop.time()
        while loop.time() - renewed < self._terms.deadline:
            await asyncio.sleep(self._terms.retry)
            began = loop.time()
            if await self._attempt(self._renew, renewed + self._terms.deadline):
                renewed = began
            elif not self._held:
                return  # someone else has it

    async def _attempt(self, step: Callable[[], Awaitable[bool]], until: float | None = None) -> bool:
        loop = asyncio.get_running_loop()
        limit = loop.time() + self._terms.request
        try:
            async with asyncio.timeout_at(limit if until is None else min(limit, until)):
                return await step()
        except (KubeError, TimeoutError) as error:
            log.warning("election: %s", str(error) or "no answer in time")
            return False

    async def _claim(self) -> bool:
        try:
            lease = await self._client.get(LEASE, self._namespace, self._name)
        except NotFoundError:
            return await self._write(self._client.create, self._body({}))
        version, spec = lease["metadata"]["resourceVersion"], lease.get("spec") or {}
        now = asyncio.get_running_loop().time()
        if version != self._seen[0]:
            self._seen = (version, now)
        holder = spec.get("holderIdentity") or ""
        lapsed = now - self._seen[1] >= float(spec.get("leaseDurationSeconds") or self._terms.lease)
        if holder not in ("", self._identity) and not lapsed:
            return False
        return await self._write(self._client.replace, self._body(lease))

    async def _renew(self) -> bool:
        held = self._held
        if await self._write(self._client.replace, self._body(held)):
            return True
        # perhaps it was our own last renewal whose answer was lost that changed the Lease
        lease = await self._client.get(LEASE, self._namespace, self._name)
        if (lease.get("spec") or {}).get("holderIdentity") != self._identity:
            return False
        return await self._write(self._client.replace, self._body(lease))

    async def _release(self) -> bool:
        if not self._held:
            return True
        body = self._body(self._held)
        body["spec"] |= {"holderIdentity": "", "leaseDurationSeconds": 1}
        return await self._write(self._client.replace, body)

    async def _write(self, write: Callable[..., Awaitable[dict[str, Any]]], body: dict[str, Any]) -> bool:
        try:
            self._held = await write(LEASE, body)
        except (ConflictError, NotFoundError):
            self._held = {}  # someone else was faster, or took the Lease away
            return False
        return True

    def _body(self, lease: dict[str, Any]) -> dict[str, Any]:
        now = self._clock().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        before = lease.get("spec") or {}
        ours = before.get("holderIdentity") == self._identity
        metadata = {"namespace": self._namespace, "name": self._name}
        if lease:
            metadata["resourceVersion"] = lease["metadata"]["resourceVersion"]
        return {
            "apiVersion": LEASE.api_version,
            "kind": LEASE.kind,
            "metadata": metadata,
            "spec": {
                "holderIdentity": self._identity,
                "leaseDurationSeconds": max(1, round(self._terms.lease)),
                "acquireTime": before.get("acquireTime", now) if ours else now,
                "renewTime": now,
                "leaseTransitions": int(before.get("leaseTransitions") or 0) + (0 if ours else 1),
            },
        }
