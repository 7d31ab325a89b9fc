"""The size of a claim: growth that has not come about, and how to take it back."""

import copy

KEY = ("PersistentVolumeClaim", "team")
ELASTIC = {"standard": {"metadata": {"name": "standard"}, "allowVolumeExpansion": True}}


def start(world, classes, **storage):
    here = world({"storage": storage})
    here.change(storage_classes=classes)
    here.settle()
    return here


def requested(here):
    return here.child(*KEY)["spec"]["resources"]["requests"]["storage"]


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
