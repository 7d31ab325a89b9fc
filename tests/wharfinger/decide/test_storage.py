"""spec.storage: content is never lost by accident, and the condition says the way out."""

import copy

import pytest

KEY = ("PersistentVolumeClaim", "team")


def start(world, **storage):
    here = world({"storage": storage} if storage else {})
    here.settle()
    return here


def test_a_claim_is_made_and_told(world):
    here = start(world)
    claim = here.child(*KEY)
    assert claim["spec"]["resources"]["requests"]["storage"] == "10Gi"
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert here.condition("StorageReady") == ("True", "ClaimBound", "claim 'team' is bound, 10Gi")
    assert any("ClaimCreated: Created claim 'team' of 10Gi" in event for event in here.events)


@pytest.mark.parametrize(("on_delete", "owned"), [("Retain", False), ("Delete", True)])
def test_only_a_claim_that_may_go_has_an_owner(world, on_delete, owned):
    here = start(world, onDelete=on_delete)
    assert ("ownerReferences" in here.child(*KEY)["metadata"]) is owned


def test_changing_one_s_mind_about_deletion_changes_the_owner(world):
    here = start(world, onDelete="Delete")
    here.edit(storage={"onDelete": "Retain"})
    here.settle()
    assert "ownerReferences" not in here.child(*KEY)["metadata"]


def test_a_claim_left_by_a_registry_of_the_same_name_is_taken_up_again(world):
    before = start(world, size="20Gi", storageClassName="fast")
    here = world({"storage": {"size": "5Gi"}})
    here.registry["metadata"]["creationTimestamp"] = "2026-03-01T12:00:01Z"
    here.change(children={KEY: before.child(*KEY)})
    here.settle()
    claim = here.child(*KEY)
    assert claim["spec"]["resources"]["requests"]["storage"] == "20Gi"
    assert claim["spec"]["storageClassName"] == "fast"
    status, _, message = here.condition("StorageReady")
    assert status == "True"
    assert "more than the 5Gi of the spec" in message
    assert any("Took up claim 'team'" in event for event in here.events)


def test_a_claim_that_an_operator_made_before_it_ended_is_not_taken_up(world):
    here = world()
    here.step(99)
    del here.registry["status"]
    assert KEY in here.observed.children
    here.settle()
    assert not any("Took up" in event for event in here.events)


def test_a_bound_claim_is_not_written_again_for_its_default_class(world):
    here = start(world)
    assert sum(child["kind"] == "PersistentVolumeClaim" for plan in here.plans for child in plan.apply) == 1


def test_a_claim_grows(world):
    here = start(world)
    live = here.child(*KEY)
    here.edit(storage={"size": "20Gi"})
    plan = here.step()
    (child,) = [child for child in plan.apply if child["kind"] == "PersistentVolumeClaim"]
    assert child["spec"]["resources"]["requests"]["storage"] == "20Gi"
    assert any("Enlarged claim 'team' from 10Gi to 20Gi" in event for event in here.events)
    grown = copy.deepcopy(here.child(*KEY))
    grown["status"]["capacity"] = live["status"]["capacity"]
    grown["status"]["conditions"] = [{"type": "FileSystemResizePending", "message": "waiting for the pod"}]
    here.change(children={**here.observed.children, KEY: grown})
    here.step()
    status, reason, message = here.condition("StorageReady")
    assert (status, reason) == ("False", "ClaimResizing")
    assert "from 10Gi to 20Gi: waiting for the pod" in message


def test_a_claim_that_waits_for_its_volume_waits_with_growing(world):
    here = start(world)
    waiting = here.child(*KEY) | {"status": {"phase": "Pending"}}
    here.edit(storage={"size": "20Gi"})
    here.change(children={**here.observed.children, KEY: waiting})
    assert not [child for child in here.step().apply if child["kind"] == "PersistentVolumeClaim"]
    assert here.condition("StorageReady")[:2] == ("False", "ClaimPending")
    here.change(children={**here.observed.children, KEY: waiting | {"status": {"phase": "Bound"}}})
    assert [child for child in here.step().apply if child["kind"] == "PersistentVolumeClaim"]


def test_a_claim_that_may_not_grow_says_what_to_do(world):
    here = start(world)
    here.edit(storage={"size": "20Gi"})
    here.change(refused={KEY: "only dynamically provisioned pvc can be resized"})
    here.step()
    status, reason, message = here.condition("StorageReady")
    assert (status, reason) == ("False", "Refused")
    assert "allowVolumeExpansion" in message
    assert "only dynamically provisioned" in message


@pytest.mark.parametrize(
    ("spec", "reason", "said"),
    [
        ({"storageClassName": "fast"}, "StorageClassRefused", "'standard' and cannot change to 'fast'"),
        ({"accessModes": ["ReadWriteMany"]}, "AccessModesRefused", "access modes ReadWriteOnce"),
    ],
)
def test_what_cannot_change_stays_and_the_condition_says_the_way_out(world, spec, reason, said):
    here = start(world)
    before = here.child(*KEY)["spec"]
    here.edit(storage=spec)
    here.settle()
    assert here.child(*KEY)["spec"] == before
    status, found, message = here.condition("StorageReady")
    assert (status, found) == ("False", reason)
    assert said in message
    assert "copy the content to a new Registry" in message


@pytest.mark.parametrize(
    ("change", "reason", "said"),
    [
        ({"status": {"phase": "Pending"}}, "ClaimPending", "class 'standard' exists"),
        ({"status": {"phase": "Lost"}}, "ClaimLost", "restore the volume"),
    ],
)
def test_a_claim_without_a_volume_says_why(world, change, reason, said):
    here = start(world)
    here.change(children={**here.observed.children, KEY: here.child(*KEY) | change})
    here.step()
    status, found, message = here.condition("StorageReady")
    assert (status, found) == ("False", reason)
    assert said in message


def test_a_pending_claim_passes_on_what_kubernetes_says(world):
    here = start(world)
    here.change(
        children={**here.observed.children, KEY: here.child(*KEY) | {"status": {"phase": "Pending"}}},
        pod_events=(
            "FailedScheduling: unbound PersistentVolumeClaims",
            'no persistent volumes available, storageclass "slow" not found',
        ),
    )
    here.step()
    assert 'storageclass "slow" not found' in here.condition("StorageReady")[2]


def unbound(world, *events, **spec):
    """A claim without a volume, and the warnings that Kubernetes gives of it."""
    here = world({"storage": {"storageClassName": "nosuch"}, **spec})
    here.settle()
    claim = here.child(*KEY) | {"status": {"phase": "Pending"}}
    here.change(children={**here.observed.children, KEY: claim}, pod_events=events)
    here.events.clear()
    here.step()
    return here


def test_a_class_that_does_not_exist_is_named_by_storage_and_by_ready(world):
    said = 'ProvisioningFailed: storageclass.storage.k8s.io "nosuch" not found'
    here = unbound(world, "FailedScheduling: unbound immediate PersistentVolumeClaims. not found", said)
    for name in ("StorageReady", "Ready"):
        status, reason, message = here.condition(name)
        assert (status, reason) == ("False", "StorageClassMissing")
        assert "no storage class 'nosuch'" in message
    assert any(event.startswith("Warning StorageClassMissing") for event in here.events)


def test_a_claim_that_just_waits_names_its_class_and_is_no_warning(world):
    here = unbound(world)
    assert here.condition("StorageReady")[1] == "ClaimPending"
    assert "storage class 'nosuch'" in here.condition("StorageReady")[2]
    assert here.events == []


def test_a_claim_without_any_class_says_that_there_is_no_default(world):
    here = start(world)
    claim = here.child(*KEY)
    claim = {**claim, "spec": {**claim["spec"], "storageClassName": None}, "status": {"phase": "Pending"}}
    here.change(children={**here.observed.children, KEY: claim})
    here.step()
    assert "no default one" in here.condition("StorageReady")[2]


def test_a_claim_of_a_stopped_registry_says_what_it_waits_for(world):
    here = start(world)
    here.edit(replicas=0)
    here.change(children={**here.observed.children, KEY: here.child(*KEY) | {"status": {"phase": "Pending"}}})
    here.step()
    assert "set spec.replicas to 1" in here.condition("StorageReady")[2]


def test_a_claim_that_somebody_deletes_is_a_warning(world):
    here = start(world)
    live = here.child(*KEY)
    going = live | {"metadata": live["metadata"] | {"deletionTimestamp": "now"}}
    here.change(children={**here.observed.children, KEY: going})
    here.step()
    assert here.condition("StorageReady")[:2] == ("False", "ClaimDeleting")
    assert any(event.startswith("Warning ClaimDeleting") for event in here.events)


def test_an_existing_claim_is_mounted_and_never_written(world):
    here = world({"storage": {"existingClaim": "old"}})
    theirs = {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "old"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "5Gi"}}},
        "status": {"phase": "Bound", "capacity": {"storage": "5Gi"}},
    }
    here.change(children={("PersistentVolumeClaim", "old"): theirs})
    here.settle()
    assert all(child["kind"] != "PersistentVolumeClaim" for plan in here.plans for child in plan.apply)
    volumes = here.child("Deployment", "team")["spec"]["template"]["spec"]["volumes"]
    assert {"name": "data", "persistentVolumeClaim": {"claimName": "old"}} in volumes
    assert here.condition("StorageReady") == ("True", "ClaimBound", "claim 'old' is bound, 5Gi")
    assert here.registry["status"]["storage"]["claimName"] == "old"


def test_a_missing_existing_claim_is_named(world):
    here = world({"storage": {"existingClaim": "old"}})
    here.settle()
    assert here.condition("StorageReady")[:2] == ("False", "ClaimMissing")


def test_status_says_how_full_it_is_and_keeps_saying_so_while_the_registry_is_away(world):
    here = start(world)
    full = {
        "claimName": "team",
        "capacity": "10Gi",
        "used": "3Gi",
        "usedPercent": 30,
        "readOnly": False,
    }
    assert here.registry["status"]["storage"] == full
    here.change(replicas=())
    here.step()
    assert here.registry["status"]["storage"] == full
