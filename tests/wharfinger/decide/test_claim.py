"""The claim as it is, beside the one that the spec asks for."""

import pytest

from wharfinger.api import load
from wharfinger.decide.claim import State, live_claim
from wharfinger.decide.observed import Observed


def state(storage=None, *, requested="10Gi", capacity="10Gi", phase="Bound"):
    manifest = {
        "apiVersion": "wharfinger.dev/v1",
        "kind": "Registry",
        "metadata": {"name": "team", "namespace": "ci", "uid": "1"},
        "spec": {"storage": storage or {}},
    }
    live = {
        "spec": {"resources": {"requests": {"storage": requested}}},
        "status": {"capacity": {"storage": capacity}, "phase": phase},
    }
    name = (storage or {}).get("existingClaim", "team")
    observed = Observed(children={("PersistentVolumeClaim", name): live})
    registry = load.registry(manifest)
    return State(registry, observed, live_claim(registry, observed))


@pytest.mark.parametrize(
    ("wanted", "requested", "capacity", "size"),
    [
        ("20Gi", "10Gi", "10Gi", "20Gi"),
        ("5Gi", "10Gi", "10Gi", "10Gi"),
        ("10240Mi", "10Gi", "10Gi", "10Gi"),
        ("12Gi", "100Gi", "10Gi", "12Gi"),
        ("12Gi", "100Gi", "100Gi", "100Gi"),
    ],
    ids=["it grows", "never shrinks", "keeps its form", "growth that never came is taken back", "what came stays"],
)
def test_a_size_goes_up_or_back_to_where_growth_has_not_come_about(wanted, requested, capacity, size):
    assert state({"size": wanted}, requested=requested, capacity=capacity).size == size


def test_a_claim_that_waits_for_its_volume_does_not_grow_yet():
    assert state({"size": "20Gi"}, phase="Pending").size == "10Gi"


def test_growth_by_itself_is_not_given_up():
    assert state({"size": "12Gi"}, requested="13Gi").given_up
    assert not state({"size": "12Gi", "autoGrow": {"to": "100Gi"}}, requested="13Gi").given_up


def test_the_claim_is_the_one_that_the_spec_names():
    found = state({"existingClaim": "old"})
    assert (found.name, found.requested) == ("old", "10Gi")
    assert state().name == "team"
