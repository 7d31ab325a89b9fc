"""Ready sums up; Events tell of turns."""

import datetime as dt

import pytest

from wharfinger.api import load
from wharfinger.api.load import InvalidError
from wharfinger.api.reasons import Reason
from wharfinger.decide.condition import bad, good
from wharfinger.decide.plan import Reference
from wharfinger.decide.status import ORDER, PASSING, events, invalid, summed_up

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
US = Reference("wharfinger.dev/v1", "Registry", "team")


def registry(**spec):
    return load.registry({"metadata": {"name": "team", "namespace": "ci"}, "spec": spec})


def findings(**untrue):
    return {name: good(Reason.READY, "fine") for name in (*ORDER, "Ready")} | untrue


def was(**statuses):
    conditions = [{"type": name, "status": status, "reason": reason} for name, (status, reason) in statuses.items()]
    return {"conditions": conditions}


ALL_WELL = was(**dict.fromkeys((*ORDER, "Ready"), ("True", "Ready")))


def test_when_all_is_well_ready_names_the_url():
    assert summed_up(registry(), findings(), "https://team").message == "https://team serves"


def test_the_first_cause_speaks_for_ready():
    found = findings(WorkloadReady=bad(Reason.CRASH_LOOPING, "crash"), StorageReady=bad(Reason.CLAIM_LOST, "lost"))
    assert summed_up(registry(), found, "").reason == Reason.CLAIM_LOST


def test_what_needs_help_speaks_before_what_needs_time():
    found = findings(StorageReady=bad(Reason.CLAIM_PENDING, "wait"), WorkloadReady=bad(Reason.UNSCHEDULABLE, "no node"))
    assert summed_up(registry(), found, "").reason == Reason.UNSCHEDULABLE


def test_a_failing_webhook_leaves_the_registry_ready():
    assert summed_up(registry(), findings(WebhooksReady=bad(Reason.WEBHOOK_UNHEALTHY, "")), "").status == "True"


def test_a_paused_registry_is_ready_and_says_that_it_is_paused():
    found = summed_up(registry(paused=True), findings(), "u")
    assert (found.status, found.reason) == ("True", Reason.PAUSED)
    assert "spec.paused" in found.message


def test_nothing_is_told_while_nothing_turns():
    assert events(findings(), ALL_WELL) == ()


def test_becoming_ready_is_told_once():
    told = events(findings(), was(Ready=("False", "Deploying")))
    assert [(e.type, e.reason) for e in told] == [("Normal", Reason.READY)]


def test_trouble_is_told_by_its_condition_and_not_again_by_ready():
    crash = bad(Reason.CRASH_LOOPING, "crash")
    told = events(findings(WorkloadReady=crash, Ready=crash), ALL_WELL)
    assert [(e.type, e.message) for e in told] == [("Warning", "WorkloadReady: crash")]


def test_another_reason_for_trouble_is_told_too():
    crash = bad(Reason.CRASH_LOOPING, "crash")
    told = events(findings(WorkloadReady=crash), was(WorkloadReady=("False", "ImagePullFailed"), Ready=("True", "")))
    assert [e.reason for e in told] == [Reason.CRASH_LOOPING]


def test_recovery_from_trouble_is_told():
    told = events(findings(), ALL_WELL | was(StorageReady=("False", "ClaimLost"), Ready=("True", "Ready")))
    assert [e.message for e in told] == ["StorageReady: fine"]


@pytest.mark.parametrize("reason", sorted(PASSING))
def test_what_everything_passes_through_is_not_told(reason):
    waiting = bad(reason, "wait")
    assert events(findings(WorkloadReady=waiting, Ready=waiting), ALL_WELL) == ()
    assert events(findings(), was(WorkloadReady=("False", reason), Ready=("True", "Ready"))) == ()


def test_stopping_on_purpose_is_no_warning():
    (told,) = events(findings(WorkloadReady=bad(Reason.STOPPED, "")), ALL_WELL)
    assert told.type == "Normal"


def test_an_object_that_does_not_fit_is_told_and_left_as_it_is():
    manifest = {"metadata": {"name": "team", "generation": 3}, "status": {"url": "u", **ALL_WELL}}
    plan = invalid(manifest, US, InvalidError("spec.a: wrong"), NOW)
    status = plan.statuses[US]
    assert (plan.apply, plan.delete) == ((), ())
    assert status["url"] == "u"
    assert status["observedGeneration"] == 3
    ready = status["conditions"][0]
    assert (ready["status"], ready["reason"]) == ("False", "InvalidSpec")
    assert "spec.a: wrong" in ready["message"]
    assert len(status["conditions"]) == len(ORDER) + 1
    assert invalid(manifest | {"status": status}, US, InvalidError("spec.a: wrong"), NOW).statuses == {}
