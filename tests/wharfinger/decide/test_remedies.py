"""Every reason that a condition can carry, each from a state that brings it about: its message names the remedy.

Rule: a state for each entry of `REMEDIES` that has a remedy, and none for what has no entry. `kubectl describe` shows
these messages; the summary in Ready has the same words.
"""

import re
from pathlib import Path

import pytest
from tests.wharfinger.decide import certificate_states, registry_states, webhook_states

from wharfinger.api.reasons import Reason
from wharfinger.api.remedies import REMEDIES
from wharfinger.decide.status import PASSING

DECIDE = Path(__file__).resolve().parents[3] / "operator" / "wharfinger" / "decide"
WARNINGS = {Reason.CLAIM_FILLING, Reason.CERTIFICATE_EXPIRING, Reason.TLS_DISABLED}
STATES = [*registry_states.STATES, *certificate_states.STATES, *webhook_states.STATES]


@pytest.mark.parametrize(
    ("condition", "reason", "make", "says"), STATES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_message_names_the_remedy(world, condition, reason, make, says):
    found = make(world)
    told = found.registry["status"] if hasattr(found, "registry") else found["status"]
    kind = condition.rpartition(" ")[2]
    entry = next(entry for entry in told["conditions"] if entry["type"] == kind)
    assert entry["reason"] == reason
    assert not [remedy for remedy in says if remedy not in entry["message"]], entry["message"]
    assert entry["status"] != "True" or reason in WARNINGS
    if entry["status"] == "False" and hasattr(found, "registry") and kind != "WebhooksReady" and reason not in PASSING:
        ready = next(entry for entry in told["conditions"] if entry["type"] == "Ready")
        assert entry["message"] in ready["message"]


def test_there_is_a_state_for_every_reason_that_has_a_remedy():
    declared = {(kind, reason) for kind, reasons in REMEDIES.items() for reason, remedy in reasons.items() if remedy}
    assert {(condition, reason) for condition, reason, *_ in STATES} == declared


def test_every_reason_that_a_finding_gives_belongs_to_a_condition():
    sources = "".join(path.read_text() for path in DECIDE.glob("*.py"))
    given = re.findall(r"\b(?:good|bad|unknown|_broken)\(\s*(?:known, )?Reason\.(\w+)", sources)
    assert len(given) > 60
    carried = {reason for reasons in REMEDIES.values() for reason in reasons}
    assert {Reason[name] for name in given} <= carried
