"""A rollout says what it is for, while it lasts and afterwards, and saying so is no reason for another."""

import copy

from wharfinger.decide.cause import CAUSE, cause, caused, telling

KEY = ("Deployment", "team")


def rolling(here):
    """The Deployment's controller has not brought up the newest pod yet."""
    live = copy.deepcopy(here.child(*KEY))
    live["status"]["updatedReplicas"] = 0
    here.change(children={**here.observed.children, KEY: live})
    here.step()
    return here.condition("WorkloadReady")


def test_a_rollout_names_its_first_difference_in_the_condition(world):
    here = world()
    here.settle()
    here.edit(pod={"nodeSelector": {"disk": "ssd"}, "priorityClassName": "high"})
    here.step()
    status, reason, message = rolling(here)
    assert (status, reason) == ("False", "Deploying")
    assert "because spec.template.spec.nodeSelector and 1 more changed" in message
    assert "see kubectl describe deployment team" in message


def test_the_cause_stays_on_the_deployment_and_is_written_once(world):
    here = world()
    here.settle()
    assert CAUSE not in here.child(*KEY)["metadata"]["annotations"]
    here.edit(image="wharf:2")
    here.settle()
    assert cause(here.child(*KEY)) == "spec.template.spec.containers[wharf].image"
    here.edit(auth={"users": [{"name": "ci"}]})
    here.settle()
    writes = [child for plan in here.plans for child in plan.apply if child["kind"] == "Deployment"]
    assert len(writes) == 2
    assert cause(here.child(*KEY)) == "spec.template.spec.containers[wharf].image"


def test_a_paused_registry_s_deployment_does_not_differ_by_its_cause(world):
    here = world()
    here.settle()
    here.edit(image="wharf:2")
    here.settle()
    here.edit(paused=True)
    here.settle()
    assert here.condition("Ready")[:2] == ("True", "Paused")
    assert "differs" not in here.condition("Ready")[2]


def test_other_kinds_have_none():
    service = {"kind": "Service", "metadata": {"name": "team"}, "spec": {"type": "NodePort"}}
    assert caused(service, {"spec": {"type": "ClusterIP"}}) == service


def test_annotations_of_ours_say_nothing_to_a_user_unless_they_are_all():
    assert telling(("metadata.annotations.wharfinger.dev/fields", "spec.replicas")) == "spec.replicas"
    assert telling(("metadata.annotations.a",)) == "metadata.annotations.a"
