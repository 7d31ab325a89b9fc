"""Of the cluster's Events only warnings about our pods and claim count."""

from typing import Any

import pytest
from aiohttp import web

from wharfinger.kube.cache import Key
from wharfinger.kube.resources import EVENT
from wharfinger.observe.pod_events import PodEvents, condition, in_trouble, is_ready

TEAM = Key("ci", "team")


def pod(ready: str) -> dict[str, Any]:
    return {
        "kind": "Pod",
        "metadata": {"name": "team-0"},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


def event(kind: str, name: str, when: str, message: str) -> dict[str, Any]:
    return {
        "metadata": {"name": f"{name}.{when}"},
        "type": "Warning",
        "reason": "Failed",
        "message": message,
        "involvedObject": {"kind": kind, "name": name},
        "lastTimestamp": f"2026-03-01T12:00:{when}Z",
    }


def test_readiness_is_what_the_kubelet_says_of_a_pod_that_stays() -> None:
    assert is_ready(pod("True"))
    assert not is_ready(pod("False"))
    assert not is_ready({"metadata": {}})
    assert not is_ready({**pod("True"), "metadata": {"deletionTimestamp": "2026-03-01T12:00:00Z"}})
    assert condition(pod("Unknown"), "Ready") == "Unknown"
    assert condition({}, "Ready") == ""


def test_trouble_is_a_pod_that_is_not_ready_or_cannot_be_made() -> None:
    failing = {"kind": "Deployment", "status": {"conditions": [{"type": "ReplicaFailure", "status": "True"}]}}
    assert in_trouble([], [pod("False")])
    assert in_trouble([failing], [])
    assert not in_trouble([{"kind": "Deployment"}], [pod("True")])


async def test_a_healthy_or_absent_workload_costs_no_request(api, client) -> None:
    events = PodEvents(client)
    assert await events.read(TEAM, [], []) == ()
    assert await events.read(TEAM, [], [pod("True")]) == ()
    assert api.calls == []
    assert events.pause(TEAM) is None


async def test_the_newest_warnings_about_ours_come_first(api, client) -> None:
    for made in (
        event("Pod", "team-0", "01", "old"),
        event("Pod", "team-0", "03", "new"),
        event("Pod", "teamwork-0", "04", "not ours"),
        event("PersistentVolumeClaim", "team", "02", "claim"),
        event("Node", "team", "05", "not ours"),
    ):
        api.put(EVENT, made)
    found = await PodEvents(client).read(TEAM, [], [pod("False")])
    assert found == ("Failed: new", "Failed: claim", "Failed: old")
    assert api.calls[0].query["fieldSelector"] == "type=Warning"


async def test_looks_become_rare(api, client) -> None:
    events = PodEvents(client)
    for _ in range(3):
        await events.read(TEAM, [], [pod("False")])
    assert len(api.calls) == 1
    pause = events.pause(TEAM)
    assert pause is not None
    assert 1.0 < pause <= 2.0
    await events.read(TEAM, [], [pod("True")])
    assert events.pause(TEAM) is None


@pytest.mark.parametrize("status", [403, 500])
async def test_an_explanation_is_not_needed(api, client, status: int) -> None:
    api.fail("list", lambda: web.json_response({"message": "no"}, status=status), times=9)
    assert await PodEvents(client).read(TEAM, [], [pod("False")]) == ()
