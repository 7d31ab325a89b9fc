"""`webhooks`: deliveries, and a replay that writes one field."""

import json

from tests.kubectl_registry.commands.test_status import webhook
from tests.kubectl_registry.conftest import Command, FakeCluster, Object, Run

from kubectl_registry.kube.kinds import POD, WEBHOOK


def test_webhooks_are_listed_of_a_registry_or_of_all(plugin: Run, cluster: FakeCluster, team: Object) -> None:
    cluster.add(WEBHOOK, webhook(dead=3))
    other = webhook("other")
    other["spec"]["registryRef"]["name"] = "tools"
    cluster.add(WEBHOOK, other)
    _, out, _ = plugin("webhooks", "list", "team")
    assert "deploy" in out
    assert "other" not in out
    assert len(plugin("webhooks", "list", "-A")[1].splitlines()) == 3
    told = json.loads(plugin("webhooks", "list", "team", "-o", "json")[1])
    assert [(each["name"], each["dead"]) for each in told] == [("deploy", 3)]


def test_none_points_at_the_page(plugin: Run) -> None:
    assert "docs/how-to/webhooks.md" in plugin("webhooks", "list")[2]


def test_dead_letters_are_shown_with_their_last_answers(plugin: Run, cluster: FakeCluster, team: Object) -> None:
    cluster.add(WEBHOOK, webhook(dead=1))
    labels = {"wharfinger.dev/registry": "team"}
    metadata = {"name": "team-1", "namespace": "ci", "labels": labels}
    cluster.add(POD, {"metadata": metadata, "status": {"phase": "Running"}})
    event = {"id": "e1", "timestamp": "2026-11-25T00:00:00Z", "action": "push", "repository": "apps/x", "tag": "1"}
    letters = [{"event": event, "attempts": 9, "error": "503 Service Unavailable", "answer": "overloaded"}]
    cluster.execute = lambda _: Command(json.dumps(letters))
    _, out, _ = plugin("webhooks", "dead", "deploy", "--limit", "5")
    for part in ("e1", "apps/x:1", "503 Service Unavailable: overloaded"):
        assert part in out
    assert cluster.commands[0][-3:] == ["deploy", "--limit", "5"]
    assert json.loads(plugin("webhooks", "dead", "deploy", "-o", "json")[1]) == letters
    cluster.execute = lambda _: Command("[]")
    assert "No event of deploy was given up" in plugin("webhooks", "dead", "deploy")[2]
    cluster.execute = lambda _: Command("", "wharf: no webhook 'deploy' is known", 1)
    code, _, err = plugin("webhooks", "dead", "deploy")
    assert code == 1
    assert "no webhook 'deploy' is known" in err


def test_a_replay_writes_only_its_field(plugin: Run, cluster: FakeCluster) -> None:
    cluster.add(WEBHOOK, webhook(dead=3))
    code, out, _ = plugin("webhooks", "replay", "deploy")
    assert code == 0
    assert "3 dead letters of deploy" in out
    ((query, body),) = cluster.patches
    assert query["fieldManager"] == "kubectl-registry"
    assert list(body["spec"]) == ["replay"]
    assert json.loads(plugin("webhooks", "replay", "deploy", "-o", "json")[1])["dead"] == 3


def test_a_field_that_a_gitops_tool_owns_is_left_to_it(plugin: Run, cluster: FakeCluster) -> None:
    hook = cluster.add(WEBHOOK, webhook())
    entry = {"manager": "argocd-controller", "operation": "Apply", "fieldsV1": {"f:spec": {"f:replay": {}}}}
    hook["metadata"]["managedFields"] = [entry]
    code, _, err = plugin("webhooks", "replay", "deploy")
    assert code == 6
    assert "Argo CD owns spec.replay" in err
    assert plugin("webhooks", "replay", "deploy", "--force")[0] == 0


def test_a_cluster_whose_crd_has_no_replay_is_told_to_upgrade(plugin: Run, cluster: FakeCluster) -> None:
    cluster.add(WEBHOOK, webhook())
    cluster.refuse["patch", "registrywebhooks"] = 500, ".spec.replay: field not declared in schema"
    code, _, err = plugin("webhooks", "replay", "deploy")
    assert code == 6
    assert "upgrade Wharfinger's CRDs" in err
