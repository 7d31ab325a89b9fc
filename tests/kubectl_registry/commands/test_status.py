"""`status`: a table of many, everything about one, and JSON."""

import json
from datetime import UTC, datetime

import pytest
from tests.kubectl_registry.conftest import FakeCluster, Object, Run, registry

from kubectl_registry.commands import status
from kubectl_registry.kube.kinds import REGISTRY, WEBHOOK

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def webhook(name: str = "deploy", **state: object) -> Object:
    return {
        "metadata": {"name": name, "namespace": "ci"},
        "spec": {"registryRef": {"name": "team"}, "url": "https://hooks.example"},
        "status": {
            "conditions": [{"type": "Ready", "status": "True"}, {"type": "Delivering", "status": "False"}],
            **state,
        },
    }


def test_many_have_a_line_each(plugin: Run, cluster: FakeCluster, team: Object) -> None:
    cluster.add(REGISTRY, registry("tools"))
    code, out, _ = plugin("status")
    assert code == 0
    header, *lines = out.splitlines()
    assert header.split()[:3] == ["NAMESPACE", "NAME", "READY"]
    assert [line.split()[1:3] for line in lines] == [["team", "True"], ["tools", "True"]]
    assert "30% of 10Gi" in lines[0]


def test_one_is_shown_with_users_conditions_and_webhooks(plugin: Run, cluster: FakeCluster, team: Object) -> None:
    team["status"]["users"][0]["previousValidUntil"] = "2026-11-26T00:00:00Z"
    team["status"]["robots"] = [{"name": "_pull", "secretName": "team-pull"}]
    error = {"message": "503 Service Unavailable", "at": "2026-11-24T00:00:00Z"}
    cluster.add(WEBHOOK, webhook(delivered=7, dead=2, lastError=error))
    _, out, _ = plugin("status", "team")
    for part in ("https://team.ci.svc", "team-user-admin", "works until 2026-11-26T00:00:00Z", "CredentialsLive",
                 "ConfigMap team-ca", "_pull", "503 Service Unavailable"):  # fmt: skip
        assert part in out


def test_json_is_a_list_for_many_and_an_object_for_one(plugin: Run, team: Object) -> None:
    many = json.loads(plugin("status", "-o", "json")[1])
    one = json.loads(plugin("status", "team", "-o", "json")[1])
    assert many == [one]
    assert one["ready"] is True
    assert one["users"][0]["secretName"] == "team-user-admin"


def test_none_says_where_it_looked(plugin: Run) -> None:
    code, out, err = plugin("status")
    assert (code, out) == (0, "")
    assert "There is no Registry in namespace ci" in err
    assert "in the cluster" in plugin("status", "-A")[2]


def test_readiness_is_the_reason_when_it_is_not() -> None:
    thing = registry()
    thing["status"]["conditions"][0] |= {"status": "False", "reason": "CrashLooping"}
    assert str(status.ready_cell(thing)) == "CrashLooping"
    thing["metadata"]["generation"] = 5
    assert str(status.ready_cell(thing)) == "Updating"
    assert str(status.ready_cell({"metadata": {"name": "new"}})) == "Unknown"


@pytest.mark.parametrize(
    ("storage", "text", "style"),
    [
        ({"usedPercent": 30, "capacity": "10Gi"}, "30% of 10Gi", "green"),
        ({"usedPercent": 90, "capacity": "10Gi"}, "90% of 10Gi", "yellow"),
        ({"usedPercent": 99, "capacity": "10Gi", "readOnly": True}, "99% of 10Gi, read-only", "red"),
    ],
)
def test_a_full_volume_is_red(storage: Object, text: str, style: str) -> None:
    cell = status.used(registry(storage=storage))
    assert (str(cell), getattr(cell, "style", "")) == (text, style)
    assert status.used(registry(storage=None)) == "-"


def test_a_certificate_that_has_ended_says_so() -> None:
    assert str(status.certificate_life({"notAfter": "2026-11-20T00:00:00Z"}, NOW)) == "expired 5d ago"
    assert status.certificate_life({"notAfter": "2026-12-25T00:00:00Z"}, NOW) == "30d"
    assert status.certificate_life({}, NOW) == "-"


def test_garbage_collection_is_told_when_the_status_knows_it() -> None:
    told = {"lastRun": "2026-11-24T00:00:00Z", "freed": "1Gi", "nextRun": "2026-11-26T00:00:00Z"}
    assert status.garbage(told, NOW) == "last run 24h ago, freed 1Gi, next in 24h"
    assert "gc NAME --dry-run" in status.garbage({}, NOW)
