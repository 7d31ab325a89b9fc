"""Settings of content reach wharf, and what wharf says of its content reaches people."""

from dataclasses import replace

import pytest

import wharf.config
from wharfinger.decide.claim_checks import CHECKS, pending, resizing
from wharfinger.decide.content import damaged, doubted
from wharfinger.decide.observed import Damage, GarbageReport

SPEC = {
    "garbageCollection": {"schedule": "0 3 * * *", "gracePeriod": "48h", "untagged": "Delete"},
    "durability": "Blob",
    "sparseImages": "Accept",
    "notice": "This registry moves on Friday",
    "trustedProxies": ["192.0.2.0/24", "fd00::1"],
    "auth": {"tokens": {"challenge": "Bearer", "lifetime": "10m"}},
}
LAST = "2026-03-01T03:00:12.345678Z"


def config(here):
    return wharf.config.parse(here.data("team-config", "config.yaml"))


@pytest.fixture
def here(world):
    here = world({})
    here.settle()
    return here


def report(here, **changes):
    """Let the pod report something else, and decide."""
    (replica,) = here.observed.replicas
    here.observed = replace(here.observed, replicas=(replace(replica, report=replace(replica.report, **changes)),))
    return here.step()


def test_every_setting_arrives(world):
    here = world(SPEC)
    here.settle()
    read = config(here)
    garbage = read.garbage_collection
    assert (garbage.schedule, garbage.grace_period, garbage.untagged) == ("0 3 * * *", 172800.0, "Delete")
    assert (read.durability, read.sparse_images, read.notice) == ("blob", "Accept", "This registry moves on Friday")
    assert list(read.trusted_proxies) == ["192.0.2.0/24", "fd00::1"]
    assert read.auth is not None
    assert (read.auth.tokens.challenge, read.auth.tokens.lifetime) == ("Bearer", 600.0)


def test_what_is_not_set_is_left_to_wharf(here):
    text = here.data("team-config", "config.yaml")
    assert not any(name in text for name in ("garbageCollection", "durability", "notice", "tokens", "trustedProxies"))
    read = config(here)
    assert (read.garbage_collection, read.durability) == (wharf.config.GarbageCollection(), "manifest")


def test_a_change_of_settings_touches_no_pod(here):
    here.edit(**SPEC)
    kinds = {child["kind"] for plan in (here.step(), here.step()) for child in plan.apply}
    assert kinds == {"Secret"}


def test_a_collection_is_told_and_waiting_for_the_next_one_writes_nothing(here):
    assert "garbageCollection" not in here.registry["status"]
    ran = GarbageReport(last_run=LAST, next_run="2026-03-02T03:00:00.000000Z", freed=3 << 30)
    assert report(here, garbage=ran).statuses
    assert here.registry["status"]["garbageCollection"] == {
        "lastRun": "2026-03-01T03:00:12Z",
        "freed": "3Gi",
        "nextRun": "2026-03-02T03:00:00Z",
    }
    assert not report(here, garbage=ran).statuses
    failed = replace(ran, error="the volume refuses")
    report(here, garbage=failed)
    assert here.registry["status"]["garbageCollection"]["error"] == "the volume refuses"


def test_the_last_collection_stays_while_the_registry_cannot_be_asked(here):
    report(here, garbage=GarbageReport(last_run=LAST, freed=1))
    told = here.registry["status"]["garbageCollection"]
    (replica,) = here.observed.replicas
    here.observed = replace(here.observed, replicas=(replace(replica, report=None, error="no answer"),))
    here.step()
    assert here.registry["status"]["garbageCollection"] == told


def storage(here):
    return next(c for c in here.registry["status"]["conditions"] if c["type"] == "StorageReady")


def test_an_index_that_must_be_doubted_is_told_with_the_remedy(here):
    remedy = "nothing is removed: run `wharf gc --trust-index`"
    report(here, garbage=GarbageReport(last_run=LAST, error=remedy, doubted=3))
    assert (storage(here)["status"], storage(here)["reason"]) == ("False", "IndexDoubted")
    assert storage(here)["message"] == remedy
    report(here, garbage=GarbageReport(last_run=LAST))
    assert storage(here)["status"] == "True"


def test_damaged_content_is_told_with_the_images_that_suffer(here):
    report(here, damaged=tuple(Damage(f"sha256:{n}", (f"team/app:v{n}", "team/base:v1")) for n in range(7)))
    assert (storage(here)["status"], storage(here)["reason"]) == ("False", "ContentDamaged")
    assert storage(here)["message"].startswith(
        "the disk has damaged 7 blobs; push these images again, or delete them: "
    )
    assert "team/app:v3, team/app:v4 and others" in storage(here)["message"]
    report(here, damaged=())
    assert storage(here)["status"] == "True"


def test_content_is_looked_at_once_there_is_a_volume():
    assert CHECKS.index(pending) < CHECKS.index(doubted) < CHECKS.index(damaged) < CHECKS.index(resizing)
