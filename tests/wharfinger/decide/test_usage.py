"""What is told of the volume is steady; a claim that may grow by itself grows in steps, and only when it helps."""

import pytest

from wharfinger.decide import usage

GI = 1024**3
KEY = ("PersistentVolumeClaim", "team")


def start(world, **storage):
    here = world({"storage": storage})
    here.settle()
    return here


def told(here):
    return here.registry["status"]["storage"]


def fill(here, percent):
    """The registry reports so much in use."""
    here.used = here.volume * percent // 100
    here.settle()
    return here


def test_usage_is_told(world):
    assert told(start(world)) == {
        "claimName": "team", "capacity": "10Gi", "used": "3Gi", "usedPercent": 30, "readOnly": False,
    }  # fmt: skip


def test_a_little_more_or_less_is_not_written(world):
    here = start(world)
    for percent in (31, 29, 31, 30):
        fill(here, percent)
        here.used = 3 * GI + 10 * 1024**2  # of 3 GiB that is nothing
        assert here.step().statuses == {}
    fill(here, 32)
    assert told(here)["usedPercent"] == 32


def test_the_first_push_is_told(world):
    here = world()
    here.used = 0
    here.settle()
    assert told(here)["used"] == "0"
    here.used = 5 * 1024**2
    here.settle()
    assert told(here)["used"] == "5Mi"


def test_what_was_known_stays_while_nobody_can_be_asked(world):
    here = start(world)
    before = told(here)
    here.change(replicas=())
    here.step()
    assert told(here) == before


@pytest.mark.parametrize(("storage", "expected"), [({}, 85), ({"readOnlyAbove": 50}, 40), ({"readOnlyAbove": 3}, 1),
                                                   ({"autoGrow": {"to": "20Gi", "above": 90}}, 92)])  # fmt: skip
def test_a_warning_comes_before_pushes_are_refused(world, storage, expected):
    assert usage.warned_from(world({"storage": storage}).model) == expected


def test_a_volume_that_fills_up_is_warned_of_once(world):
    here = fill(start(world), 88)
    status, reason, message = here.condition("StorageReady")
    assert (status, reason) == ("True", "ClaimFilling")
    assert "88 % full, and above 95 % pushes are refused: delete images" in message
    assert "set spec.storage.size to more" in message
    fill(here, 89)
    fill(here, 88)
    assert len([event for event in here.events if "Warning ClaimFilling" in event]) == 1
    fill(here, 50)
    assert here.condition("StorageReady")[1] == "ClaimBound"


def test_a_full_volume_says_that_pushes_are_refused_and_what_to_do(world):
    here = start(world)
    assert 'storage: {"readOnlyAbove": 95}' in here.data("team-config", "config.yaml")
    here.read_only = True
    fill(here, 97)
    for name in ("StorageReady", "Ready"):
        status, reason, message = here.condition(name)
        assert (status, reason) == ("False", "ReadOnly")
        assert "pulls and deletions go on: delete images and collect garbage, or set spec.storage.size" in message
    assert told(here)["readOnly"] is True
    here.read_only = False
    fill(here, 60)
    assert here.condition("Ready")[0] == "True"


def requested(here):
    return here.child(*KEY)["spec"]["resources"]["requests"]["storage"]


def test_a_claim_grows_by_a_quarter_when_it_fills_up_and_no_further_than_it_may(world):
    here = start(world, autoGrow={"to": "15Gi", "above": 80})
    fill(here, 79)
    assert requested(here) == "10Gi"
    fill(here, 80)
    assert requested(here) == "13Gi"
    assert here.registry["spec"]["storage"] == {"autoGrow": {"to": "15Gi", "above": 80}}
    assert any("from 10Gi to 13Gi, because it fills up (spec.storage.autoGrow)" in event for event in here.events)
    here.volume = 13 * GI
    fill(here, 85)
    assert requested(here) == "15Gi"
    here.volume = 15 * GI
    fill(here, 93)
    assert requested(here) == "15Gi"
    assert "set spec.storage.autoGrow.to to more than 15Gi" in here.condition("StorageReady")[2]


def test_it_does_not_grow_again_before_the_last_growth_has_come_about(world):
    here = start(world, autoGrow={"to": "100Gi"})
    fill(here, 90)
    assert requested(here) == "13Gi"
    for _ in range(5):  # the claim is larger, the report is old still
        here.settle()
    assert requested(here) == "13Gi"
    live = here.child(*KEY)
    live["status"]["capacity"] = {"storage": "10Gi"}
    here.step()
    assert requested(here) == "13Gi"
    assert here.condition("StorageReady")[1] == "ClaimResizing"


def test_a_part_of_a_larger_disk_does_not_grow_when_the_disk_fills_up(world):
    here = start(world, autoGrow={"to": "100Gi"})
    here.volume = 1000 * GI
    fill(here, 90)
    assert requested(here) == "10Gi"


def test_the_claim_never_shrinks_when_auto_grow_is_removed(world):
    here = fill(start(world, autoGrow={"to": "100Gi"}), 90)
    here.edit(storage={})
    here.settle()
    assert requested(here) == "13Gi"


def test_nothing_grows_while_paused(world):
    here = start(world, autoGrow={"to": "100Gi"})
    here.edit(paused=True)
    here.settle()
    fill(here, 95)
    assert requested(here) == "10Gi"


@pytest.mark.parametrize("used", ["", "many", None])
def test_a_figure_that_cannot_be_read_is_replaced(world, used):
    here = start(world)
    told(here)["used"] = used
    here.settle()
    assert told(here)["used"] == "3Gi"
