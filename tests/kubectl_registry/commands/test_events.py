"""`events`: those of the Registry and of what belongs to it, in order, and of nobody else."""

import json
from datetime import UTC, datetime

import pytest
from tests.kubectl_registry.commands.test_status import webhook
from tests.kubectl_registry.conftest import FakeCluster, Object, Run, registry

from kubectl_registry.commands import events
from kubectl_registry.kube.kinds import EVENT, REGISTRY, WEBHOOK


def event(kind: str, name: str, time: str = "2026-11-25T00:00:00Z", **more: object) -> Object:
    return {
        "metadata": {"name": f"{name}.{time}", "namespace": "ci"},
        "involvedObject": {"kind": kind, "name": name},
        "type": "Normal", "reason": "Told", "message": f"about {name}\n", "lastTimestamp": time, **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "name", "belongs"),
    [
        ("Registry", "team", True),
        ("Registry", "team-b", False),
        ("Pod", "team-5d8-x", True),
        ("Pod", "team-b-5d8-x", False),
        ("PersistentVolumeClaim", "team", True),
        ("Pod", "teamster-1", False),
        ("Node", "team", False),
        ("RegistryWebhook", "deploy", True),
        ("RegistryWebhook", "other", False),
    ],
)
def test_an_event_belongs_to_the_longest_name(kind: str, name: str, belongs: bool) -> None:
    found = events.of_registry([event(kind, name)], "team", ["team", "team-b"], ["deploy"])
    assert bool(found) is belongs


def test_events_are_in_order_with_the_deliveries_after_them(plugin: Run, cluster: FakeCluster, team: Object) -> None:
    cluster.add(REGISTRY, registry("tools"))
    cluster.add(WEBHOOK, webhook(delivered=4))
    cluster.add(EVENT, event("Pod", "team-1", "2026-11-25T02:00:00Z", type="Warning", count=5))
    cluster.add(EVENT, event("Registry", "team", "2026-11-25T01:00:00Z"))
    cluster.add(EVENT, event("Pod", "tools-1"))
    _, out, _ = plugin("events", "team")
    assert out.index("Registry/team") < out.index("Pod/team-1") < out.index("deploy")
    assert "about team-1 (x5)" in out
    assert "tools-1" not in out
    told = json.loads(plugin("events", "team", "-o", "json")[1])
    assert [each["count"] for each in told["events"]] == [1, 5]
    assert told["webhooks"][0]["delivered"] == 4


def test_none_says_how_long_they_are_kept(plugin: Run, team: Object) -> None:
    assert "about an hour" in plugin("events", "team")[2]


def test_newer_kinds_of_event_have_their_time_elsewhere() -> None:
    series = {"lastObservedTime": "2026-11-25T03:00:00.000000Z", "count": 9}
    newer = event("Pod", "team-1", series=series)
    assert events.time_of(newer) == "2026-11-25T03:00:00.000000Z"
    bare = event("Pod", "team-1", lastTimestamp=None, eventTime="2026-11-25T04:00:00Z")
    assert events.time_of(bare) == "2026-11-25T04:00:00Z"
    assert "(x9)" in str(events.rows([newer], datetime(2026, 11, 26, tzinfo=UTC))[0][-1])
