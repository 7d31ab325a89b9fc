"""Policies: the first check that has something to say decides."""

import pytest

from wharfinger.api.reasons import Reason
from wharfinger.decide import certificates, claim_checks, deliveries, given, logins, rollout
from wharfinger.decide.condition import bad, first, good, unknown

GOOD = good(Reason.READY, "fine")
BAD = bad(Reason.STOPPED, "stopped")


def test_the_first_finding_decides():
    assert first((lambda _: None, lambda _: BAD, lambda _: GOOD), None) == BAD


def test_a_policy_without_an_end_is_a_defect():
    with pytest.raises(AssertionError):
        first((lambda _: None,), None)


def test_findings_carry_their_status():
    assert [f.status for f in (GOOD, BAD, unknown(Reason.SUSPENDED, ""))] == ["True", "False", "Unknown"]


ORDERS = {
    "storage": (
        claim_checks.CHECKS,
        (
            "refused existing_missing creating deleting other_class other_modes unshared lost abandoned class_missing "
            "pending known_before doubted damaged not_expandable resizing read_only filling bound"
        ),
    ),
    "credentials": (
        logins.CHECKS,
        "password_trouble being_written not_loaded rotating postponed everyone_can_log_in",
    ),
    "given certificate": (
        given.CHECKS,
        "missing malformed mismatched weak out_of_time uncovered incomplete acceptable",
    ),
    "certificate": (certificates.CHECKS, "disabled refused not_loaded expiring served"),
    "workload": (
        rollout.CHECKS,
        (
            "refused stopped deploying replica_failure unschedulable image_pull container_refused crash_looping "
            "importing rolling_out starting unreported not_loaded taking_over live"
        ),
    ),
    "webhook ready": (deliveries.READY_CHECKS, "invalid not_loaded known"),
    "webhook delivering": (deliveries.DELIVERING_CHECKS, "suspended held unasked failing silent delivering"),
}


@pytest.mark.parametrize("policy", ORDERS)
def test_checks_stand_in_this_order(policy):
    checks, order = ORDERS[policy]
    assert [check.__name__ for check in checks] == order.split()


@pytest.mark.parametrize("policy", ORDERS)
def test_a_check_is_a_question_or_the_last_word(policy):
    checks, _ = ORDERS[policy]
    assert all((check.__doc__ or "").strip().endswith("?") for check in checks[:-1])
    assert not (checks[-1].__doc__ or "").strip().endswith("?")
