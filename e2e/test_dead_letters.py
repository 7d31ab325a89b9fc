"""A dead and a live endpoint, a thousand pushes, a kill -9 in their middle: nothing is lost, a replay brings it all.

A push that was cut off is pushed again under another tag, so every tag is one event at most.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import statistics
import time
from collections import defaultdict
from contextlib import closing, suppress
from datetime import datetime
from typing import Any

import pytest

from e2e import receiver
from e2e.clients import Login, login, port_forward
from e2e.cluster import images
from e2e.kubectl import CommandError, Kubectl, eventually
from e2e.pods import kill_pod, pods_of
from e2e.resources import webhook_manifest

PUSHES = 1000
INDEX = "application/vnd.oci.image.index.v1+json"
SHORT = {"maxAge": "15s", "minBackoff": "1s", "maxBackoff": "2s"}


@pytest.fixture(scope="module")
def hooks(kubectl: Kubectl, namespace: str, registry: str) -> str:
    """A receiver that runs, a webhook that names it, and one that names nothing that is there yet."""
    kubectl.apply(*receiver.manifests(namespace, images.REGISTRY_IMAGE))
    kubectl("rollout", "status", "deployment/hooks", "-n", namespace, "--timeout=60s")
    live = webhook_manifest("live", registry, f"http://hooks.{namespace}.svc/live")
    dead = webhook_manifest("dead", registry, f"http://late.{namespace}.svc/dead", retry=SHORT)
    kubectl.apply(live, dead, namespace=namespace)
    for name in ("live", "dead"):
        kubectl.wait_condition(f"registrywebhook/{name}", namespace, "Ready", "True")
    return registry


class Pusher:
    """Pushes small manifests, and comes back when it is cut off."""

    def __init__(self, kubectl: Kubectl, registry: str, namespace: str) -> None:
        self._kubectl, self._registry, self._namespace = kubectl, registry, namespace
        self.acknowledged: list[str] = []
        self._number = 0

    def push(self, wanted: int) -> None:
        """Push until so many were acknowledged."""
        deadline = time.monotonic() + 180
        while len(self.acknowledged) < wanted:
            assert time.monotonic() < deadline, f"{len(self.acknowledged)} of {wanted} pushed"
            with (
                suppress(OSError, http.client.HTTPException, AssertionError, CommandError),
                port_forward(self._kubectl, self._registry, self._namespace) as host,
            ):
                self._push(login(self._kubectl, self._registry, self._namespace, host), wanted)

    def _push(self, at: Login, wanted: int) -> None:
        context = ssl.create_default_context(cadata=at.ca)
        key = base64.b64encode(f"{at.user}:{at.password}".encode()).decode()
        headers = {"Content-Type": INDEX, "Authorization": f"Basic {key}"}
        with closing(http.client.HTTPSConnection(at.host, timeout=10, context=context)) as connection:
            while len(self.acknowledged) < wanted:
                self._number += 1
                tag = f"t{self._number}"
                content = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [], "annotations": {"tag": tag}}
                path = f"/v2/apps/r{self._number % 5}/manifests/{tag}"
                connection.request("PUT", path, json.dumps(content).encode(), headers)
                answer = connection.getresponse()
                answer.read()
                if answer.status != 201:
                    raise http.client.HTTPException(answer.status)
                self.acknowledged.append(tag)


def told(kubectl: Kubectl, namespace: str, path: str) -> dict[str, set[str]]:
    """Ids of the events that arrived at a path, by tag."""
    ids: dict[str, set[str]] = defaultdict(set)
    for post in receiver.posts(kubectl, namespace):
        for event in post["body"]["events"] if post["path"] == path else ():
            ids[event["target"]["tag"]].add(event["id"])
    return ids


def status(kubectl: Kubectl, namespace: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = (kubectl.get("registrywebhook", name, namespace) or {}).get("status", {})
    return found


def lags(kubectl: Kubectl, namespace: str) -> list[float]:
    """Seconds from each push to its arrival, which are printed too."""
    found = [
        post["at"] - datetime.fromisoformat(event["timestamp"]).timestamp()
        for post in receiver.posts(kubectl, namespace)
        for event in post["body"]["events"]
    ]
    late = sum(lag > 1 for lag in found)
    print(f"\nfrom push to arrival: median {statistics.median(found):.3f} s, {late} of {len(found)} beyond a second, "
          f"longest {max(found):.3f} s")  # fmt: skip
    return found


def test_nothing_is_lost_and_a_replay_brings_it_all(kubectl: Kubectl, namespace: str, hooks: str) -> None:
    pusher = Pusher(kubectl, hooks, namespace)
    pusher.push(PUSHES // 2)
    (pod,) = pods_of(kubectl, hooks, namespace)
    kill_pod(pod)
    pusher.push(PUSHES)

    def arrived() -> dict[str, set[str]] | None:
        ids = told(kubectl, namespace, "/live")
        missing = set(pusher.acknowledged) - set(ids)
        assert not missing, f"{len(missing)} not told yet"
        return ids

    live = eventually("the live endpoint has each", arrived, timeout=60)
    assert [tag for tag, ids in live.items() if len(ids) != 1] == []
    assert statistics.median(lags(kubectl, namespace)) < 5

    def given_up() -> bool:
        seen = status(kubectl, namespace, "dead")
        assert seen.get("dead") == len(live), seen
        return bool(seen["pending"] == 0)

    eventually("all that is for the dead endpoint is a dead letter", given_up, timeout=90)
    described = kubectl("describe", "regwh", "dead", "-n", namespace)
    assert "DeliveryFailing" in described
    assert "spec.replay" in described
    assert status(kubectl, namespace, "dead")["lastError"]["message"]

    kubectl.apply(receiver.service("late", namespace))
    kubectl("patch", "regwh", "dead", "-n", namespace, "--type=merge", "-p", '{"spec":{"replay":"back again"}}')
    eventually("the replay has brought all", lambda: told(kubectl, namespace, "/dead") == live or None, timeout=60)

    def settled() -> bool:
        seen = status(kubectl, namespace, "dead")
        return bool(seen["dead"] == seen["pending"] == 0 and "lastError" not in seen)

    eventually("and status says so", settled, timeout=60)
