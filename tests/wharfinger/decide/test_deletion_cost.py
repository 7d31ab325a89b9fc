"""Of the pods on a shared claim the active one has a cost, as long as it is active."""

import dataclasses

import pytest

from wharfinger.decide.deletion_cost import ACTIVE, DELETION_COST, deletion_costs


@pytest.fixture
def two(world):
    """A Registry of two pods, of which the second stands by."""
    here = world({"storage": {"accessModes": ["ReadWriteMany"]}, "replicas": 2})
    here.settle()
    here.stand_by("team-1")
    return here


def costs(here):
    return {
        replica.pod["metadata"]["name"]: replica.pod["metadata"].get("annotations", {}).get(DELETION_COST)
        for replica in here.observed.replicas
    }


def change_pods(here, **metadata):
    pods = [{**one.pod, "metadata": {**one.pod["metadata"], **metadata}} for one in here.observed.replicas]
    told = zip(here.observed.replicas, pods, strict=True)
    here.change(replicas=tuple(dataclasses.replace(one, pod=pod) for one, pod in told))


def test_the_active_pod_goes_last_and_then_nothing_is_written(two):
    assert costs(two) == {"team-0": ACTIVE, "team-1": None}
    assert two.step().costs == {}


def test_the_cost_goes_with_the_content_to_another_pod(two):
    two.stand_by("team-0")
    assert two.plans[-1].costs == {"team-1": ACTIVE, "team-0": None}
    assert costs(two) == {"team-0": None, "team-1": ACTIVE}
    assert two.step().costs == {}


def test_while_nobody_says_that_it_is_active_the_last_word_stands(two):
    two.stand_by("team-0", "team-1")
    assert costs(two) == {"team-0": ACTIVE, "team-1": None}


def test_it_is_there_when_there_are_to_be_fewer_and_stays(two):
    change_pods(two, annotations={})
    two.edit(replicas=1)
    plan = two.step()
    (deployment,) = (child for child in plan.apply if child["kind"] == "Deployment")
    assert deployment["spec"]["replicas"] == 1
    assert plan.costs == {"team-0": ACTIVE}
    two.settle()
    assert costs(two) == {"team-0": ACTIVE}


def test_a_pod_that_is_going_is_left_alone(two):
    change_pods(two, annotations={}, deletionTimestamp="2026-03-01T12:00:00Z")
    assert two.step().costs == {}


@pytest.mark.parametrize("others", ["5", "-100"])
def test_what_somebody_else_has_put_there_stands(two, others):
    change_pods(two, annotations={DELETION_COST: others})
    assert two.step().costs == {}
    two.stand_by("team-0")
    assert costs(two) == {"team-0": others, "team-1": others}


def test_the_only_pod_of_a_deployment_needs_none_even_while_it_is_replaced(world):
    here = world({"storage": {"accessModes": ["ReadWriteMany"]}})
    here.settle()
    (old,) = here.observed.replicas
    new = {**old.pod, "metadata": {"name": "team-new"}}
    here.change(replicas=(old, dataclasses.replace(old, pod=new)))
    here.stand_by("team-new")
    assert costs(here) == {"team-0": None, "team-new": None}


def test_pods_that_cannot_share_a_claim_get_none(world):
    here = world({})
    here.settle()
    deployment = here.child("Deployment", "team")
    deployment["spec"]["replicas"] = 2  # by somebody who meddles
    here.run_pods()
    assert deletion_costs(here.model, here.observed) == {}
