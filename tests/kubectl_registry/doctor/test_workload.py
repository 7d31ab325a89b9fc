"""Operator, conditions, storage, pod and Service: what each says when it is ill."""

from typing import Any

import pytest
from tests.kubectl_registry.conftest import Object, registry
from tests.kubectl_registry.doctor.conftest import pod, well

from kubectl_registry.doctor import workload
from kubectl_registry.doctor.facts import Facts, Inside, Unknown
from kubectl_registry.doctor.findings import Finding, Verdict


def only(found: Any) -> Finding:
    (finding,) = found
    assert isinstance(finding, Finding)
    return finding


def test_no_operator_or_one_that_does_not_run_is_broken() -> None:
    assert "no Deployment" in only(workload.operator(well(operators=()))).message
    stopped = {"metadata": {"name": "wharfinger", "namespace": "ops"}, "status": {}}
    finding = only(workload.operator(well(operators=(stopped,))))
    assert finding.verdict is Verdict.BROKEN
    assert "kubectl logs -n ops deployment/wharfinger" in finding.mend


@pytest.mark.parametrize(
    ("lease", "verdict"),
    [
        ({"spec": {"renewTime": "2026-11-25T11:50:00Z", "leaseDurationSeconds": 15}}, Verdict.BROKEN),
        ({"spec": {"renewTime": "2026-11-25T11:59:30Z", "leaseDurationSeconds": 15}}, Verdict.OK),
        (Unknown("you may not"), Verdict.OK),
        (None, Verdict.OK),
    ],
)
def test_a_lease_that_lapsed_means_that_nobody_leads(lease: Any, verdict: Verdict) -> None:
    assert only(workload.operator(well(lease=lease))).verdict is verdict


def test_each_condition_that_is_false_is_told_and_a_spec_that_was_not_seen() -> None:
    thing = registry()
    wrong = {"type": "CertificateReady", "status": "False", "reason": "CertificateExpired", "message": "it is over"}
    thing["status"]["conditions"].append(wrong)
    assert "CertificateExpired: it is over" in only(workload.conditions(well(registry=thing))).message
    waits = {"type": "CredentialsReady", "status": "False", "message": "not loaded: see WorkloadReady"}
    dead = {"type": "WorkloadReady", "status": "False", "reason": "CrashLooping", "message": "it ends"}
    assert "CrashLooping" in only(workload.conditions(well(registry=registry(conditions=[waits, dead])))).message
    on_its_way = {"type": "WorkloadReady", "status": "False", "reason": "ConfigurationPending", "message": "soon"}
    assert only(workload.conditions(well(registry=registry(conditions=[on_its_way])))).verdict is Verdict.WARNING
    thing = registry(generation=1)
    thing["metadata"]["generation"] = 2
    assert "has not seen the newest spec" in only(workload.conditions(well(registry=thing))).message
    assert only(workload.conditions(well(registry=registry(conditions=[])))).verdict is Verdict.SKIPPED


def test_a_claim_is_missing_or_waits() -> None:
    assert "does not exist" in only(workload.storage(well(claim=None))).message
    waits = {"metadata": {"name": "team"}, "status": {"phase": "Pending"}}
    assert "is Pending" in only(workload.storage(well(claim=waits))).message


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        (well(inside=Inside(100, 4, 9, "")), Verdict.BROKEN),
        (well(inside=Inside(100, 10, 9, "")), Verdict.WARNING),
        (well(inside=Inside(100, 50, 0, "")), Verdict.BROKEN),
        (well(registry=registry() | {"spec": {"storage": {"readOnlyAbove": 20}}}), Verdict.BROKEN),
        (
            well(registry=registry() | {"spec": {"storage": {"readOnlyAbove": 99}}}, inside=Inside(100, 3, 9, "")),
            Verdict.WARNING,
        ),
        (well(inside=Unknown("no pod"), registry=registry(storage={"usedPercent": 99})), Verdict.BROKEN),
        (
            well(inside=Unknown("no pod"), registry=registry(storage={"usedPercent": 9, "readOnly": True})),
            Verdict.BROKEN,
        ),
        (well(inside=Unknown("no pod"), registry=registry(storage={})), Verdict.SKIPPED),
    ],
)
def test_room_is_what_the_pod_sees_or_else_what_the_status_says(facts: Facts, verdict: Verdict) -> None:
    assert workload.room(facts).verdict is verdict


def waiting(why: str, said: str = "", **ended: Any) -> Object:
    state = {"state": {"waiting": {"reason": why, "message": said}}, "lastState": {"terminated": ended}}
    return pod(phase="Pending", containerStatuses=[state])


@pytest.mark.parametrize(
    ("ill", "told", "cure"),
    [
        (waiting("ImagePullBackOff", "no such image"), "no such image", "spec.image"),
        (waiting("CrashLoopBackOff", reason="Error", exitCode=1, message="no config"), "exit status 1", "--previous"),
        (waiting("CrashLoopBackOff", reason="OOMKilled", exitCode=137), "OOMKilled", "limits.memory"),
        (
            pod(phase="Pending", conditions=[{"type": "PodScheduled", "status": "False", "message": "0/3 nodes"}]),
            "0/3 nodes", "make room on a node",
        ),
        (pod(phase="Running"), "readiness probe", "--previous"),
        (pod(phase="Failed", reason="Evicted"), "Evicted", "events"),
        ({"metadata": {"name": "team-1", "deletionTimestamp": "x"}}, "being deleted", "events"),
    ],
)  # fmt: skip
def test_a_pod_that_does_not_serve_says_why(ill: Object, told: str, cure: str) -> None:
    finding = only(workload.pod(well(pods=(ill,))))
    assert finding.verdict is Verdict.BROKEN
    assert told in finding.message
    assert any(cure in way for way in finding.mend)


def test_one_pod_that_is_ready_is_enough_and_none_is_broken() -> None:
    assert only(workload.pod(well(pods=(waiting("ImagePullBackOff"), pod())))).verdict is Verdict.OK
    assert "there is no pod" in only(workload.pod(well(pods=()))).message


def test_a_service_needs_an_endpoint_that_is_ready() -> None:
    assert "10.1.0.5" in only(workload.service(well())).message
    for slices in ((), ({"endpoints": [{"addresses": ["10.1.0.5"], "conditions": {"ready": False}}]},)):
        assert only(workload.service(well(slices=slices))).verdict is Verdict.BROKEN
    assert "does not exist" in only(workload.service(well(service=None))).message
    assert only(workload.service(well(slices=Unknown("no")))).verdict is Verdict.SKIPPED
