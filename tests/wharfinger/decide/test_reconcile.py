"""Decisions in a circle: plans come true, until nothing is left to do."""

import copy
import dataclasses

import jsonschema
import pytest

from wharfinger.api.crd import crds
from wharfinger.decide.observed import Observed
from wharfinger.decide.plan import Plan
from wharfinger.decide.reconcile import reconcile

CHILDREN = [
    ("ConfigMap", "team-ca"),
    ("Deployment", "team"),
    ("NetworkPolicy", "team"),
    ("PersistentVolumeClaim", "team"),
    ("Secret", "team-ca"),
    ("Secret", "team-config"),
    ("Secret", "team-htpasswd"),
    ("Secret", "team-pull"),
    ("Secret", "team-push"),
    ("Secret", "team-tls"),
    ("Secret", "team-user-admin"),
    ("Service", "team"),
    ("ServiceAccount", "team"),
]
EDITS = {
    "Deployment": lambda live: live["spec"]["template"]["spec"]["containers"][0].update(image="evil"),
    "Service": lambda live: live["spec"].update(selector={"app": "other"}),
    "NetworkPolicy": lambda live: live["spec"]["ingress"][0].update({"from": [{"podSelector": {}}]}),
    "ServiceAccount": lambda live: live.update(automountServiceAccountToken=True),
    "ConfigMap": lambda live: live["data"].update({"ca.crt": "evil"}),
    "Secret": lambda live: live.update(data={}),
    "PersistentVolumeClaim": lambda live: live["metadata"].update(labels={}),
}


def test_an_empty_spec_becomes_a_whole_secured_registry(world):
    here = world()
    here.settle()
    assert here.condition("Ready") == ("True", "Ready", "https://team.ci.svc serves")
    assert sorted(here.observed.children) == CHILDREN
    assert {c["type"] for c in here.registry["status"]["conditions"]} == {
        "Ready",
        "StorageReady",
        "CertificateReady",
        "CredentialsReady",
        "WorkloadReady",
        "WebhooksReady",
    }


def test_two_looks_are_enough_to_make_everything(world):
    here = world()
    here.step()
    here.step()
    assert sorted(here.observed.children) == CHILDREN
    assert here.step().apply == ()


def test_a_steady_state_writes_nothing(world):
    here = world()
    here.settle()
    plan = here.step()
    assert plan == Plan(requeue_after=plan.requeue_after)


@pytest.mark.parametrize("child", CHILDREN, ids="/".join)
def test_a_deleted_child_comes_back(world, child):
    here = world()
    here.settle()
    here.remove(*child)
    here.settle()
    assert sorted(here.observed.children) == CHILDREN
    assert here.condition("Ready")[0] == "True"


@pytest.mark.parametrize("child", CHILDREN, ids="/".join)
def test_an_edited_child_is_put_right(world, child):
    here = world()
    here.settle()
    good = copy.deepcopy(here.child(*child))
    EDITS[child[0]](here.child(*child))
    here.settle()
    assert here.condition("Ready")[0] == "True"
    mended = here.child(*child)
    assert mended["metadata"]["labels"] == good["metadata"]["labels"]
    assert set(mended.get("data", {})) == set(good.get("data", {}))
    if child[0] != "Secret":
        assert mended.get("spec") == good.get("spec")


def test_a_registry_that_is_being_deleted_is_left_to_kubernetes(world):
    here = world()
    here.settle()
    here.registry["metadata"]["deletionTimestamp"] = "2026-03-01T12:00:00Z"
    here.change(children={})
    assert here.step() == Plan()


def test_a_registry_that_does_not_fit_is_told_and_left_as_it_is(world):
    here = world()
    here.settle()
    before = here.observed.children
    here.edit(replicas="many")
    here.step()
    assert here.observed.children == before
    assert here.condition("Ready")[:2] == ("False", "InvalidSpec")
    assert here.step() == Plan()


def test_a_registry_made_again_under_its_name_takes_over_its_children(world):
    here = world()
    here.settle()
    here.registry["metadata"] |= {"uid": "uid-2", "generation": 1}
    del here.registry["status"]
    here.settle()
    assert here.condition("Ready")[0] == "True"
    for key, child in here.observed.children.items():
        owners = [owner["uid"] for owner in child["metadata"].get("ownerReferences", [])]
        assert owners == ([] if key[0] == "PersistentVolumeClaim" else ["uid-2"])


def test_the_story_is_told_in_events(world):
    here = world()
    here.settle()
    assert [event.split(":")[0] for event in here.events] == [
        "Normal CaIssued",
        "Normal CertificateIssued",
        "Normal UserCreated",
        "Normal ClaimCreated",
        "Normal DeploymentCreated",
        "Normal Ready",
    ]


def test_no_secret_shows_outside_of_secrets(world):
    here = world()
    here.settle()
    secrets = {
        here.data("team-user-admin", "password"),
        here.data("team-config", "admin-token"),
        here.data("team-ca", "tls.key").splitlines()[1],
        here.data("team-htpasswd", "htpasswd").split(":")[1].strip(),
    }
    shown = str([here.registry["status"], here.events])
    for (kind, _), child in here.observed.children.items():
        shown += str(child if kind != "Secret" else child["metadata"])
    assert not [secret for secret in secrets if secret in shown]


def test_status_fits_the_schema_of_the_crd(world):
    schema = crds()["wharfinger.dev_registries.yaml"]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    here = world()
    here.settle()
    strict = copy.deepcopy(schema["properties"]["status"]) | {"additionalProperties": False}
    jsonschema.validate(here.registry["status"], strict)


def test_nothing_observed_is_changed_by_deciding(world):
    here = world()
    here.settle()
    before = copy.deepcopy((here.registry, here.observed))
    reconcile(here.registry, here.observed, here.settings, now=here.now, mint=here.mint)
    assert (here.registry, here.observed) == before


def test_a_world_without_anything_is_a_beginning(world):
    here = world()
    plan = reconcile(here.registry, Observed(), here.settings, now=here.now, mint=here.mint)
    assert plan.apply
    assert not plan.delete


def started_anew(here):
    """As an operator finds it that has just started: what pods have loaded is not known."""
    here.run_pods()
    here.change(replicas=tuple(dataclasses.replace(one, report=None, asked=False) for one in here.observed.replicas))
    return here.step()


@pytest.mark.parametrize("spec", [{}, {"replicas": 2, "auth": {"users": [{"name": "ci"}]}}], ids=str)
def test_after_a_start_a_registry_at_rest_is_left_as_it_is_and_nobody_need_be_asked(world, spec):
    here = world(spec)
    here.settle()
    plan = started_anew(here)
    assert (plan.apply, plan.delete, plan.statuses, plan.events, plan.poke, plan.ask) == ((), (), {}, (), (), False)


def test_after_a_start_a_child_is_put_right_at_once_and_nothing_is_told_before_the_pods_are_heard(world):
    here = world()
    here.settle()
    told = here.registry["status"]
    here.remove("Secret", "team-tls")
    plan = started_anew(here)
    assert [child["metadata"]["name"] for child in plan.apply] == ["team-tls"]
    assert (plan.statuses, plan.ask) == ({}, True)
    assert here.registry["status"] is told
    here.settle()
    assert here.condition("CertificateReady")[0] == "True"


def test_after_a_start_the_pods_are_to_be_heard_when_something_else_is_to_be_told(world):
    here = world()
    here.settle()
    claim = here.child("PersistentVolumeClaim", "team")
    here.change(children={**here.observed.children, ("PersistentVolumeClaim", "team"): claim | {"status": {}}})
    plan = started_anew(here)
    assert (plan.apply, plan.statuses, plan.events, plan.ask) == ((), {}, (), True)


def test_after_a_start_no_new_password_takes_over_and_none_ends_before_the_pods_are_heard(world):
    here = world({"auth": {"users": [{"name": "ci", "rotation": "1"}]}})
    here.settle()
    old = here.data("team-user-ci", "password")
    here.edit(auth={"users": [{"name": "ci", "rotation": "2"}]})
    for _ in range(5):
        started_anew(here)
        assert here.data("team-user-ci", "password") == old
        lines = [line for line in here.data("team-htpasswd", "htpasswd").splitlines() if line.startswith("ci:")]
        assert any(here.mint.verify(old, line.split(":")[1]) for line in lines)
    here.settle()
    assert here.data("team-user-ci", "password") != old


def test_a_condition_of_another_release_does_not_stand_in_for_a_pod_that_has_not_been_asked(world):
    here = world()
    here.settle()
    for condition in here.registry["status"]["conditions"]:
        condition["reason"] = "WhatWasCalledOtherwise"
    assert started_anew(here).ask
