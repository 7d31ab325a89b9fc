"""Why pods and claims do not get on: the newest warnings about them.

Rule: asked for only while a pod or a claim is in trouble, and less and less often the longer that lasts; a healthy or
an absent workload costs no request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from wharfinger.decide.observed import Manifest
from wharfinger.kube.cache import Key
from wharfinger.kube.client import Client
from wharfinger.kube.errors import KubeError
from wharfinger.kube.resources import EVENT

_FIRST, _LAST = 2.0, 120.0  # seconds between two looks
_MOST = 5


class PodEvents:
    """The newest warnings of each Registry that is in trouble."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[Key, tuple[str, ...]] = {}
        self._next: dict[Key, tuple[float, float]] = {}  # when to look again, and the pause after that

    async def read(self, key: Key, children: Iterable[Manifest], pods: Iterable[Manifest]) -> tuple[str, ...]:
        """Return the warnings, newest first; none while nothing is in trouble."""
        if not in_trouble(children, pods):
            self.forget(key)
            return ()
        now = asyncio.get_running_loop().time()
        due, pause = self._next.get(key, (0.0, _FIRST))
        if now >= due:
            self._next[key] = (now + pause, min(pause * 2, _LAST))
            self._known[key] = await self._look(key)
        return self._known.get(key, ())

    def pause(self, key: Key) -> float | None:
        """Return the seconds until the next look is worth while, if one is."""
        if key not in self._next:
            return None
        return max(0.0, self._next[key][0] - asyncio.get_running_loop().time())

    def forget(self, key: Key) -> None:
        """Start afresh."""
        self._known.pop(key, None)
        self._next.pop(key, None)

    async def _look(self, key: Key) -> tuple[str, ...]:
        query = {"fieldSelector": "type=Warning", "limit": "500"}
        try:
            page = await self._client.list_page(EVENT.path(key.namespace), query)
        except KubeError:
            return self._known.get(key, ())  # an explanation is welcome, not needed
        events = [event for event in page.objects() if _concerns(event, key.name)]
        events.sort(key=_when, reverse=True)
        return tuple(f"{event.get('reason', '')}: {event.get('message', '')}" for event in events[:_MOST])


def in_trouble(children: Iterable[Manifest], pods: Iterable[Manifest]) -> bool:
    """Say whether a pod is not ready, or the Deployment could not make one."""
    if any(not is_ready(pod) for pod in pods):
        return True
    deployments = [child for child in children if child["kind"] == "Deployment"]
    return any(condition(deployment, "ReplicaFailure") == "True" for deployment in deployments)


def condition(obj: Manifest, name: str) -> str:
    """Return the status of one of an object's conditions; empty when it has none such."""
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return next((str(entry.get("status", "")) for entry in conditions if entry.get("type") == name), "")


def is_ready(pod: Manifest) -> bool:
    """Say whether a pod serves: ready, and not on its way out."""
    return condition(pod, "Ready") == "True" and "deletionTimestamp" not in pod["metadata"]


def _concerns(event: Mapping[str, Any], name: str) -> bool:
    regarding = event.get("involvedObject") or {}
    about = str(regarding.get("name", ""))
    if regarding.get("kind") in {"Pod", "ReplicaSet"}:
        return about.startswith(f"{name}-")
    return regarding.get("kind") in {"Deployment", "PersistentVolumeClaim"} and about == name


def _when(event: Mapping[str, Any]) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp") or "")
