"""The walk: its order, a registry that is well, and that every finding that is broken says how to mend it."""

from typing import Any

import pytest
from tests.kubectl_registry.conftest import registry
from tests.kubectl_registry.doctor.conftest import outside, pod, shown, well

from kubectl_registry.doctor.checks import CHECKS, examine
from kubectl_registry.doctor.facts import Inside, Login, Transfer, Unknown
from kubectl_registry.doctor.findings import Verdict

UNKNOWN = Unknown("you may not list it")

DENY = {"metadata": {"name": "deny", "namespace": "ci"}, "spec": {"podSelector": {}}}


def test_the_order_is_that_in_which_things_depend_on_each_other() -> None:
    assert [check.__name__ for check in CHECKS] == [
        "operator", "conditions", "storage", "pod", "service", "name_inside", "network_policy", "names", "connections",
        "certificate", "trust_here", "logins", "pull", "push", "nodes", "webhooks",
    ]  # fmt: skip


def test_nothing_is_broken_where_all_is_well() -> None:
    verdicts = {finding.verdict for finding in examine(well())}
    assert verdicts == {Verdict.OK, Verdict.SKIPPED}


def test_who_may_see_nothing_gets_no_finding_that_is_a_guess() -> None:
    blind = well(
        operators=UNKNOWN, lease=UNKNOWN, claim=UNKNOWN, pods=UNKNOWN, service=UNKNOWN, slices=UNKNOWN,
        policies=UNKNOWN, webhooks=UNKNOWN, pullers=UNKNOWN, inside=UNKNOWN,
        ca=UNKNOWN, ways=(), logins=UNKNOWN, pull=UNKNOWN,
    )  # fmt: skip
    found = examine(blind)
    assert not [finding for finding in found if finding.verdict is Verdict.BROKEN]
    assert all(finding.message for finding in found)


ILLS: dict[str, tuple[dict[str, Any], str, str]] = {
    "a name that cannot be resolved": (
        {"ways": (outside(name_error="Name or service not known", resolved=(), certificate=None, answer=0),)},
        "name", "correct the DNS record of registry.example.com",
    ),
    "a name that leads elsewhere inside": (
        {"inside": Inside(9, 9, 9, "", {"team.ci.svc": ("10.9.9.9",)})}, "name in the cluster", "hostAliases",
    ),
    "a CA that is not the published one": (
        {"ways": (outside(trust_error="unable to get local issuer certificate"),)}, "certificate", "--ca FILE",
    ),
    "a client with an old CA": ({"ways": (outside(clients={"ca.crt": False}),)}, "trust on this machine", "--trust"),
    "an expired certificate": (
        {"ways": (outside(certificate=shown(not_after=well().now)),)}, "certificate", "the operator renews it",
    ),
    "a wrong password": (
        {"logins": (Login("ci", "Secret team-user-ci", 401, known="none"),)}, "login", "kubectl registry rotate team",
    ),
    "a full disk": ({"inside": Inside(100, 1, 9, "")}, "storage", "raise spec.storage.size"),
    "a dead pod": ({"pods": (pod(phase="Failed", reason="Evicted"),)}, "pod", "kubectl describe pod team-1"),
    "a NetworkPolicy in the way": (
        {"policies": (DENY,), "operators": UNKNOWN},
        "network policy", "kubectl describe networkpolicy deny",
    ),
    "a volume that refuses a push": (
        {"push": Transfer("pushing", "507 the registry's storage is full", 507)}, "push", "raise spec.storage.size",
    ),
    "a stopped registry": ({"registry": registry() | {"spec": {"hibernate": True}}}, "pod", '"hibernate":false'),
}  # fmt: skip


@pytest.mark.parametrize("ill", ILLS)
def test_each_ill_is_found_and_a_way_to_mend_it_is_told(ill: str) -> None:
    changes, check, remedy = ILLS[ill]
    wrong = [finding for finding in examine(well(**changes)) if finding.verdict is Verdict.BROKEN]
    assert [finding.check for finding in wrong] == [check]
    assert any(remedy in way for way in wrong[0].mend), wrong[0].mend
    assert wrong[0].meaning
