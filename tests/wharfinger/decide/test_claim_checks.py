"""What stands between a claim and the one that the spec asks for."""

import copy

import pytest

KEY = ("PersistentVolumeClaim", "team")
FIXED = {"standard": {"metadata": {"name": "standard"}}}
ELASTIC = {"standard": {"metadata": {"name": "standard"}, "allowVolumeExpansion": True}}


def start(world, classes, **storage):
    here = world({"storage": storage})
    here.change(storage_classes=classes)
    here.settle()
    return here


def requested(here):
    return here.child(*KEY)["spec"]["resources"]["requests"]["storage"]


def test_a_class_that_does_not_let_claims_grow_is_named_and_nothing_is_sent(world):
    here = start(world, FIXED)
    here.edit(storage={"size": "20Gi"})
    here.settle()
    assert requested(here) == "10Gi"
    for name in ("StorageReady", "Ready"):
        status, reason, message = here.condition(name)
        assert (status, reason) == ("False", "ExpansionRefused")
        assert "kubectl patch storageclass standard -p '{\"allowVolumeExpansion\": true}'" in message
        assert "set spec.storage.size back to 10Gi" in message
    here.change(storage_classes=ELASTIC)
    here.settle()
    assert requested(here) == "20Gi"
    assert here.condition("Ready")[0] == "True"


@pytest.mark.parametrize("classes", [ELASTIC, {}, {"standard": None}], ids=["it lets", "unknown", "gone"])
def test_a_class_that_may_let_it_is_tried(world, classes):
    here = start(world, classes)
    here.edit(storage={"size": "20Gi"})
    here.settle()
    assert requested(here) == "20Gi"


def test_auto_grow_on_a_class_that_does_not_let_claims_grow_is_told_before_it_is_needed(world):
    here = start(world, FIXED, autoGrow={"to": "20Gi"})
    assert here.condition("StorageReady")[:2] == ("False", "ExpansionRefused")
    assert "or remove autoGrow" in here.condition("StorageReady")[2]
    here.used = 9 * 1024**3
    here.settle()
    assert requested(here) == "10Gi"


def test_a_claim_of_a_registry_that_cannot_start_yet_does_not_blame_its_class(world):
    here = world({"tls": {"issuer": "Secret", "secretName": "none"}})
    here.settle()
    here.child(*KEY)["status"] = {"phase": "Pending"}
    here.step()
    assert "gets its volume with its first pod, and there is none yet" in here.condition("StorageReady")[2]
    assert here.condition("Ready")[1] == "CertificateSecretMissing"


def test_nothing_is_said_to_be_served_while_nothing_runs(world):
    here = world({"hibernate": True})
    here.settle()
    assert here.condition("CertificateReady")[2].startswith("the certificate waits for the registry to run")


def unfinished(here, size):
    """Growth was asked for, and the volume is what it was."""
    here.edit(storage={"size": size})
    here.settle()
    live = copy.deepcopy(here.child(*KEY))
    live["status"]["capacity"] = {"storage": "10Gi"}
    here.change(children={**here.observed.children, KEY: live})
    here.step()


def test_growth_that_has_not_come_about_can_be_taken_back(world):
    here = start(world, ELASTIC)
    unfinished(here, "100Gi")
    assert here.condition("StorageReady")[1] == "ClaimResizing"
    here.edit(storage={"size": "12Gi"})
    here.step()
    assert requested(here) == "12Gi"


def test_growth_by_itself_is_not_taken_back(world):
    here = start(world, ELASTIC, autoGrow={"to": "100Gi"})
    here.used = 9 * 1024**3
    here.settle()
    live = copy.deepcopy(here.child(*KEY))
    live["status"]["capacity"] = {"storage": "10Gi"}
    here.change(children={**here.observed.children, KEY: live})
    here.edit(storage={"autoGrow": {"to": "100Gi"}, "size": "11Gi"})
    here.step()
    assert requested(here) == "13Gi"
