"""How many pods run, by what the claim allows."""

import dataclasses
import json

import pytest

from wharfinger.decide import sharing
from wharfinger.decide.observed import Damage, Observed, WebhookReport

MANY, ONE = ["ReadWriteMany"], ["ReadWriteOnce"]
CLAIM = ("PersistentVolumeClaim", "team")


def observed(modes=None, strategy=None, name="team"):
    children = {}
    if modes is not None:
        children["PersistentVolumeClaim", name] = {"spec": {"accessModes": modes}}
    if strategy is not None:
        args = ["--standby"] if strategy == "RollingUpdate" else []
        template = {"spec": {"containers": [{"args": args}]}}
        children["Deployment", "team"] = {"spec": {"strategy": {"type": strategy}, "template": template}}
    return Observed(children=children)


@pytest.mark.parametrize(
    ("storage", "seen", "running"),
    [
        ({}, observed(), 1),
        ({"accessModes": MANY}, observed(), 2),
        ({"accessModes": MANY}, observed(MANY), 2),
        ({"accessModes": MANY}, observed(ONE), 1),  # the field came later than the claim
        ({}, observed(MANY), 2),
        ({"accessModes": MANY, "importFrom": "Distribution"}, observed(MANY), 1),
        ({"existingClaim": "old"}, observed(), 1),
        ({"existingClaim": "old"}, observed(MANY, name="old"), 2),
        ({"existingClaim": "old"}, observed(ONE, name="old"), 1),
        ({"existingClaim": "old"}, observed(None, "RollingUpdate"), 2),  # not seen for a moment: nothing is rolled
        ({"existingClaim": "old"}, observed(None, "Recreate"), 1),
    ],
)
def test_two_run_where_the_claim_lets_them(world, storage, seen, running):
    here = world({"storage": storage, "replicas": 2})
    assert sharing.running(here.model, seen) == running
    for replicas in (0, 1):
        here.edit(replicas=replicas)
        assert sharing.running(here.model, seen) == replicas


def shared_world(world, **spec):
    here = world({"storage": {"accessModes": MANY}, "replicas": 2, **spec})
    here.settle()
    return here


def test_of_two_pods_the_one_that_serves_is_named_and_reports_the_content(world):
    here = shared_world(world)
    here.stand_by("team-0")
    assert here.condition("Ready")[0] == "True"
    assert here.condition("WorkloadReady")[2] == "2 replicas up, with the newest configuration; team-1 is active"
    assert here.registry["status"]["storage"]["used"] == "3Gi"
    assert here.registry["status"]["activePod"] == "team-1"


def test_while_nobody_serves_the_last_word_on_the_content_stands(world):
    here = shared_world(world)
    before = here.registry["status"]["storage"]
    here.stand_by("team-0", "team-1")
    assert here.condition("WorkloadReady")[:2] == ("False", "PodStarting")
    assert "no pod has the content open yet" in here.condition("WorkloadReady")[2]
    assert here.registry["status"]["storage"] == before
    assert here.registry["status"]["activePod"] == "team-0"


FAILING = WebhookReport(
    delivered=5, pending=2, dead=0, last_error_at="2026-03-01T11:00:00Z", last_error="503 Service Unavailable"
)


def test_while_nobody_serves_what_is_wrong_neither_mends_nor_begins_again(world):
    here, body = shared_world(world), {"registryRef": {"name": "team"}, "url": "https://example.com/"}
    webhook = {"metadata": {"name": "hook", "namespace": "ci", "generation": 1}, "spec": body}
    here.change(webhooks=(webhook,))
    here.settle()
    here.stand_by("team-1")
    active, waiting = here.observed.replicas
    report = dataclasses.replace(active.report, damaged=(Damage("sha256:1", ("app:1",)),), webhooks={"hook": FAILING})
    active = dataclasses.replace(active, report=report)
    waiting = dataclasses.replace(waiting, report=dataclasses.replace(waiting.report, webhooks={}))
    here.change(replicas=(active, waiting))
    here.step()
    ill = {name: here.condition(name) for name in ("StorageReady", "WebhooksReady")}
    hooks, events = json.dumps(webhook["status"]), list(here.events)
    assert {condition[0] for condition in ill.values()} == {"False"}
    silent = dataclasses.replace(active, report=dataclasses.replace(waiting.report))
    for replicas in ((silent, waiting), (active, waiting)):
        here.change(replicas=replicas)
        here.step()
        assert {name: here.condition(name) for name in ill} == ill
        assert json.dumps(webhook["status"]) == hooks
        assert here.events == events
    well = dataclasses.replace(report, damaged=())
    here.change(replicas=(dataclasses.replace(active, report=well), waiting))
    here.step()
    assert here.condition("StorageReady")[0] == "True"


def test_while_an_older_answer_of_another_pod_stands_nothing_is_counted_twice(world):
    here, body = shared_world(world), {"registryRef": {"name": "team"}, "url": "https://example.com/"}
    webhook = {"metadata": {"name": "hook", "namespace": "ci", "generation": 1}, "spec": body}
    here.change(webhooks=(webhook,))
    here.run_pods(hook=FAILING)
    here.stand_by()  # both say that they are active
    assert (webhook["status"]["delivered"], webhook["status"]["pending"]) == (5, 2)


def test_two_pods_have_a_budget_and_one_has_none(world):
    here = shared_world(world)
    assert here.child("PodDisruptionBudget", "team")["spec"]["minAvailable"] == 1
    here.edit(replicas=1)
    here.settle()
    assert ("PodDisruptionBudget", "team") not in here.observed.children


def test_a_paused_registry_keeps_its_budget(world):
    here = shared_world(world)
    here.edit(paused=True, replicas=1)
    here.settle()
    assert ("PodDisruptionBudget", "team") in here.observed.children


def test_pods_may_pass_connections_on_to_each_other_where_clients_are_named(world):
    here = shared_world(world, networkPolicy={"clients": [{"cidr": "192.0.2.0/24"}]})
    registry, _ = here.child("NetworkPolicy", "team")["spec"]["ingress"]
    assert registry["from"][1]["podSelector"]["matchLabels"]["wharfinger.dev/registry"] == "team"


def test_an_import_has_the_claim_to_itself_and_says_so(world):
    here = world({"storage": {"accessModes": MANY, "importFrom": "Distribution"}, "replicas": 2})
    here.settle()
    assert here.child("Deployment", "team")["spec"]["strategy"]["type"] == "Recreate"
    assert "remove spec.storage.importFrom" in here.condition("StorageReady")[2]


def test_a_claim_of_one_pod_runs_one_and_says_so(world):
    here = world({"storage": {"existingClaim": "old"}, "replicas": 2})
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "old"}, "spec": {"accessModes": ONE},
             "status": {"phase": "Bound", "capacity": {"storage": "10Gi"}}}  # fmt: skip
    here.change(children={("PersistentVolumeClaim", "old"): claim})
    here.settle()
    assert here.child("Deployment", "team")["spec"]["replicas"] == 1
    assert here.condition("StorageReady")[:2] == ("False", "AccessModesRefused")
    assert "set spec.replicas to 1, or use a claim with ReadWriteMany" in here.condition("StorageReady")[2]
    assert here.condition("WorkloadReady")[0] == "True"


def strategy_of(here):
    return here.child("Deployment", "team")["spec"]["strategy"]["type"]


def args_of(here):
    return here.child("Deployment", "team")["spec"]["template"]["spec"]["containers"][0]["args"]


def as_before(here):
    """The Deployment and its pod as a release made them that knew nothing of standing by."""
    live = here.child("Deployment", "team")
    live["spec"]["strategy"] = {"type": "Recreate"}
    live["spec"]["template"]["spec"]["containers"][0]["args"] = ["serve"]
    here.put(live)
    here.run_pods()


def test_no_pod_starts_beside_one_of_an_earlier_release(world):
    here = shared_world(world)
    assert strategy_of(here) == "RollingUpdate"
    as_before(here)
    here.step()
    assert "--standby" in args_of(here)
    assert strategy_of(here) == "Recreate"
    here.step()  # the old pod is still there
    assert strategy_of(here) == "Recreate"
    here.settle()
    assert strategy_of(here) == "RollingUpdate"


@pytest.mark.parametrize(("phase", "strategy"), [("Running", "Recreate"), ("Failed", "RollingUpdate")])
def test_a_pod_that_has_ended_keeps_none_from_starting_beside_it(world, phase, strategy):
    here = shared_world(world)
    (one, *_) = here.observed.replicas
    old = {"metadata": {"name": "old"}, "spec": {"containers": [{"args": ["serve"]}]}, "status": {"phase": phase}}
    here.change(replicas=(*here.observed.replicas, dataclasses.replace(one, pod=old)))
    here.step()
    assert strategy_of(here) == strategy


def test_no_pod_starts_beside_one_with_another_claim(world):
    here = world({"storage": {"existingClaim": "old"}, "replicas": 2})
    claims = {
        ("PersistentVolumeClaim", name): {
            "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": {"accessModes": MANY},
            "status": {"phase": "Bound", "capacity": {"storage": "10Gi"}},
        }
        for name in ("old", "new")
    }  # fmt: skip
    here.change(children=claims)
    here.settle()
    assert strategy_of(here) == "RollingUpdate"
    (before, *_) = here.observed.replicas
    mounted = [{"name": "data", "persistentVolumeClaim": {"claimName": "old"}}]
    old = {**before.pod, "spec": {**before.pod["spec"], "volumes": mounted}}
    here.edit(storage={"existingClaim": "new"})
    here.step()
    assert strategy_of(here) == "Recreate"
    here.change(replicas=(dataclasses.replace(before, pod=old),))
    here.step()  # the old pod is still there
    assert strategy_of(here) == "Recreate"
    here.settle()
    assert strategy_of(here) == "RollingUpdate"
