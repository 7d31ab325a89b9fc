"""List and watch of one resource type, for ever.

Rule: after any gap the store is made equal to a fresh, consistent list, so a deletion that nobody reported is still
seen. (Kopf's own watching never reports those.) Lists ask for the newest state: a Secret missing from a stale list
would be made anew, with another password. They ask for all of it at once: the server answers that from its memory, once
that is as new as etcd, while pages are read from etcd, which takes five times as long.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wharfinger import metrics
from wharfinger.kube.cache import Object, Store, key_of, trim, version_of
from wharfinger.kube.client import Client
from wharfinger.kube.errors import ForbiddenError, GoneError, KubeError, NotFoundError, UnreachableError, from_status
from wharfinger.kube.resources import Resource

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Scope:
    """What of a resource type is watched. Empty fields select everything."""

    namespace: str = ""
    labels: str = ""  # label selector, evaluated by the server
    fields: str = ""  # field selector, likewise

    def query(self) -> dict[str, str]:
        """Return the selectors as query parameters."""
        selectors = {"labelSelector": self.labels, "fieldSelector": self.fields}
        return {name: value for name, value in selectors.items() if value}


@dataclass(frozen=True, slots=True)
class Timing:
    """How long the informer waits, in seconds."""

    silence: float = 90.0  # without event or bookmark, after which the connection may be dead: open another
    watch: float = 600.0  # the server is asked to end a watch after once to twice this
    first_backoff: float = 0.2
    last_backoff: float = 15.0


ALL, DEFAULT = Scope(), Timing()


class Informer:
    """Keeps a store equal to what the API server has. `synced` is set once the first list is in."""

    def __init__(
        self, client: Client, resource: Resource, store: Store, scope: Scope = ALL, timing: Timing = DEFAULT
    ) -> None:
        self.resource = resource
        self.scope = scope
        self.synced = asyncio.Event()
        self.tried = asyncio.Event()  # set once the first list is in, or has failed
        self.last_contact = 0.0  # loop time of the last answer or event
        self.last_try = asyncio.get_running_loop().time()  # likewise, but failed requests count as well
        self.trouble = ""  # why the last try failed; empty while all is well
        self.forbidden = ""  # the same, when it failed for want of a right
        self.on_turn: Callable[[], None] = lambda: None  # called when trouble begins or is over, and on the first list
        self._client = client
        self._store = store
        self._timing = timing
        self._version = ""  # where the next watch begins; empty: list first
        self._newest = 0  # version of the last list or event

    async def run(self) -> None:
        """List and watch until cancelled."""
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began = loop.time()
            try:
                if not self._version:
                    await self._list()
                await self._watch()
            except GoneError:
                self._version = ""
            except KubeError as error:
                self.last_try = loop.time()
                self._complain(error)
            # what ends at once, for whatever reason, is not begun again at once
            failures = 0 if loop.time() - began > self._timing.last_backoff else failures + 1
            if failures:
                await asyncio.sleep(self._pause(failures - 1))

    def _heard(self) -> None:
        self.last_contact = self.last_try = asyncio.get_running_loop().time()
        if self.trouble:
            self.trouble = self.forbidden = ""
            self.on_turn()

    def _pause(self, failures: int) -> float:
        longest = min(self._timing.last_backoff, self._timing.first_backoff * 2.0 ** min(failures, 16))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret

    def _complain(self, error: KubeError) -> None:
        if not isinstance(error, UnreachableError) and error.status != 429:
            self._version = ""  # whatever the server dislikes about it, a fresh list mends it
        if isinstance(error, NotFoundError):
            error = NotFoundError(
                f"the API server has no {self.resource.plural}: install the custom resource definitions"
            )
        self.tried.set()
        before, self.trouble = self.trouble, str(error)
        self.forbidden = self.trouble if isinstance(error, ForbiddenError) else ""
        if not before:
            log.warning("watching %s failed: %s", self.resource.plural, error)
        if before != self.trouble:
            self.on_turn()

    async def _list(self) -> None:
        page = await self._client.list_page(self.resource.path(self.scope.namespace), self.scope.query())
        metrics.RELISTS.inc(self.resource.kind)
        self._version = page.metadata.resource_version
        rewound = int(self._version) < self._newest
        if rewound:
            log.warning("the API server's history of %s was set back, as by a restored backup", self.resource.plural)
        found = (trim(item, self.resource) for item in page.objects())
        self._store.replace(found, int(self._version), self.scope.namespace, rewound=rewound)
        self._newest = int(self._version)
        first = not self.synced.is_set()
        self.synced.set()
        self.tried.set()
        self._heard()
        if first:
            self.on_turn()

    async def _watch(self) -> None:
        seconds = int(self._timing.watch * random.uniform(1, 2)) or 1  # noqa: S311 - spreads the load, not a secret
        query = {
            **self.scope.query(),
            "resourceVersion": self._version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(seconds),
        }
        path = self.resource.path(self.scope.namespace)
        async with self._client.watch(path, query, self._timing.silence) as events:
            self._heard()
            async for event in events:
                self._take(event)
                self._heard()

    def _take(self, event: Mapping[str, Any]) -> None:
        obj: Object = event["object"]
        if event["type"] == "ERROR":
            raise from_status(int(obj.get("code") or 500), obj)
        self._version = obj["metadata"]["resourceVersion"]
        self._newest = int(self._version)
        if event["type"] == "DELETED":
            self._store.drop(key_of(obj), version_of(obj))
        elif event["type"] != "BOOKMARK":
            self._store.put(trim(obj, self.resource))
