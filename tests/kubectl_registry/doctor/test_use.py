"""Logins, transfers, nodes and webhooks, and that no password gets into a finding."""

from typing import Any

import pytest
from tests.kubectl_registry.conftest import Object
from tests.kubectl_registry.doctor.conftest import well

from kubectl_registry.doctor import use
from kubectl_registry.doctor.facts import Login, Transfer, Unknown
from kubectl_registry.doctor.findings import Finding, Verdict


def only(found: Any) -> Finding:
    (finding,) = found
    assert isinstance(finding, Finding)
    return finding


@pytest.mark.parametrize(
    ("tried", "verdict", "told", "cure"),
    [
        (Login("ci", "s", 200), Verdict.OK, "works", ""),
        (Login("ci", "s", 0, "you may not get secrets"), Verdict.SKIPPED, "you may not", ""),
        (Login("ci", "s", 429), Verdict.BROKEN, "too many wrong passwords", "wait a minute"),
        (Login("ci", "s", 503), Verdict.BROKEN, "answers 503", "kubectl logs"),
        (Login("ci", "s", 401, known="expired"), Verdict.BROKEN, "its time is over", "--docker"),
        (Login("ci", "s", 401, known="none", given=True), Verdict.BROKEN, "wrong password", "--print"),
        (Login("ci", "s", 401, known="current"), Verdict.BROKEN, "has not loaded it yet", "wait a minute"),
        (Login("ci", "s", 401, known="none"), Verdict.BROKEN, "not the one that the registry knows", "rotate"),
        (Login("ci", "s", 401), Verdict.BROKEN, "wrong password", "rotate"),
    ],
)
def test_a_login_says_what_came_of_it(tried: Login, verdict: Verdict, told: str, cure: str) -> None:
    finding = only(use.logins(well(logins=(tried,))))
    assert finding.verdict is verdict
    assert told in finding.message
    assert any(cure in way for way in finding.mend) or not cure


def test_no_password_and_no_right_to_read_one_are_skipped() -> None:
    assert only(use.logins(well(logins=()))).verdict is Verdict.SKIPPED
    assert only(use.logins(well(logins=Unknown("no")))).message == "no"


@pytest.mark.parametrize(
    ("done", "verdict", "cure"),
    [
        (Transfer("x can be pulled"), Verdict.OK, ""),
        (Transfer("", nothing=True), Verdict.SKIPPED, "--write"),
        (Unknown("no password works"), Verdict.SKIPPED, ""),
        (Transfer("pulling", "403 no", 403), Verdict.BROKEN, "spec.access"),
        (Transfer("pushing", "507 full", 507), Verdict.BROKEN, "spec.storage.size"),
        (Transfer("pulling", "500", 500), Verdict.BROKEN, "wharf verify"),
    ],
)
def test_a_transfer_that_fails_is_mended_where_it_failed(done: Any, verdict: Verdict, cure: str) -> None:
    finding = only(use.pull(well(pull=done)))
    assert finding.verdict is verdict
    assert any(cure in way for way in finding.mend) or not cure


def test_a_push_is_only_made_when_asked_for() -> None:
    assert "--write" in only(use.push(well())).message
    assert only(use.push(well(push=Transfer("can be pushed")))).verdict is Verdict.OK


def puller(message: str, image: str = "team.ci.svc/app:1") -> Object:
    state = {"image": image, "state": {"waiting": {"reason": "ErrImagePull", "message": message}}}
    return {"metadata": {"name": "job"}, "status": {"containerStatuses": [state]}}


@pytest.mark.parametrize(
    ("message", "cure"),
    [
        ("x509: certificate signed by unknown authority", "does not trust the CA in ConfigMap team-ca"),
        ("dial tcp: lookup team.ci.svc: no such host", "cannot resolve the name"),
        ("401 Unauthorized", "imagePullSecrets: [{name: team-pull}]"),
        ("manifest not found", "push the image first"),
        ("something else", "hosts.toml"),
    ],
)
def test_a_pod_that_cannot_pull_tells_about_its_node(message: str, cure: str) -> None:
    finding = only(use.nodes(well(pullers=(puller(message),))))
    assert finding.verdict is Verdict.BROKEN
    assert cure in finding.mend[0]


def test_pods_that_pull_from_elsewhere_say_nothing() -> None:
    finding = only(use.nodes(well(pullers=(puller("x509", "quay.example/app:1"),))))
    assert finding.verdict is Verdict.SKIPPED
    assert "hosts.toml" in finding.mend[0]
    assert only(use.nodes(well(pullers=Unknown("no")))).message == "no"


def hook(state: str, **status: Any) -> Object:
    conditions = [{"type": "Ready", "status": "True"}, {"type": "Delivering", "status": state, "message": "503"}]
    return {"metadata": {"name": "deploy"}, "status": {"conditions": conditions, **status}}


def test_a_webhook_is_well_or_fails_or_has_given_up() -> None:
    assert only(use.webhooks(well(webhooks=(hook("True", delivered=3),)))).verdict is Verdict.OK
    assert "503" in only(use.webhooks(well(webhooks=(hook("False"),)))).message
    dead = only(use.webhooks(well(webhooks=(hook("True", dead=2),))))
    assert dead.verdict is Verdict.WARNING
    assert "webhooks replay deploy -n ci" in dead.mend[0]
    assert only(use.webhooks(well(webhooks=Unknown("no")))).verdict is Verdict.SKIPPED
