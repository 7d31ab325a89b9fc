"""Kubernetes Events about Registries and webhooks.

Rule: an Event is a courtesy. The same one again only raises its count, and one that cannot be written is logged and
let go; no reconcile fails for it.
"""

from __future__ import annotations

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wharfinger.api.reasons import Reason
from wharfinger.apply.refusal import ENDING
from wharfinger.decide.observed import Manifest
from wharfinger.decide.plan import Event, Reference
from wharfinger.kube.cache import key_of
from wharfinger.kube.client import Client
from wharfinger.kube.errors import ConflictError, KubeError, NotFoundError
from wharfinger.kube.resources import EVENT

log = logging.getLogger(__name__)
_REMEMBERED = 4096
_LONGEST = 1024  # of a message; the API server refuses longer ones


def joined(events: Iterable[Event]) -> Iterator[Event]:
    """One Event about each object for all that was made for it: told one by one, they are a third of all requests."""
    about: dict[Reference, list[Event]] = {}
    for event in events:
        about.setdefault(event.regarding, []).append(event)
    for regarding, told in about.items():
        whole = "; ".join(event.message for event in told)
        yield told[0] if len(told) == 1 else Event("Normal", Reason.CREATED.value, whole, regarding)


@dataclass(slots=True)
class _Series:
    count: int
    first: str


class Recorder:
    """Writes Events in the operator's name. `instance` says which operator pod wrote one."""

    def __init__(self, client: Client, clock: Callable[[], datetime], instance: str) -> None:
        self._client = client
        self._clock = clock
        self._instance = instance
        self._series: OrderedDict[str, _Series] = OrderedDict()  # by Event name

    async def record(self, event: Event, regarding: Manifest) -> None:
        """Write one Event about an object."""
        body = self._body(event, regarding)
        name = body["metadata"]["name"]
        try:
            if name in self._series and await self._again(body):
                return
            await self._first(body)
        except KubeError as error:
            level = logging.DEBUG if ENDING in str(error) else logging.WARNING
            log.log(level, "event %s about %s was not written: %s", event.reason, body["metadata"]["name"], error)

    async def _first(self, body: dict[str, Any]) -> None:
        namespace, name = key_of(body)
        try:
            await self._client.create(EVENT, body)
            self._remember(name, _Series(1, body["firstTimestamp"]))
        except ConflictError:  # written by the operator before its last restart
            known = await self._client.get(EVENT, namespace, name)
            self._remember(name, _Series(int(known.get("count") or 1), known.get("firstTimestamp") or ""))
            await self._again(body)

    async def _again(self, body: dict[str, Any]) -> bool:
        namespace, name = key_of(body)
        series = self._series[name]
        series.count += 1
        patch = {"count": series.count, "lastTimestamp": body["lastTimestamp"], "message": body["message"]}
        try:
            await self._client.merge(EVENT, namespace, name, patch)
        except NotFoundError:  # Events live for an hour
            del self._series[name]
            return False
        return True

    def _remember(self, name: str, series: _Series) -> None:
        self._series[name] = series
        self._series.move_to_end(name)
        if len(self._series) > _REMEMBERED:
            self._series.popitem(last=False)

    def _body(self, event: Event, regarding: Manifest) -> dict[str, Any]:
        namespace, name = key_of(regarding)
        uid = regarding["metadata"].get("uid", "")
        identity = "\0".join((uid, event.type, event.reason, event.message))
        now = self._clock().strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "apiVersion": EVENT.api_version,
            "kind": EVENT.kind,
            "metadata": {
                "name": f"{name[:220]}.{hashlib.sha256(identity.encode()).hexdigest()[:16]}",
                "namespace": namespace,
            },
            "involvedObject": {
                "apiVersion": regarding["apiVersion"],
                "kind": regarding["kind"],
                "name": name,
                "namespace": namespace,
                "uid": uid,
                "resourceVersion": regarding["metadata"].get("resourceVersion", ""),
            },
            "type": event.type,
            "reason": event.reason,
            "message": event.message[:_LONGEST],
            "count": 1,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "source": {"component": "wharfinger"},
            "reportingComponent": "wharfinger",
            "reportingInstance": self._instance,
        }
