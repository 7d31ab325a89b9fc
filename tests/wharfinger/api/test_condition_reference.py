"""The page of conditions says what is declared: each condition, each reason under it, and what to do."""

from wharfinger.api.condition_reference import condition_reference
from wharfinger.api.reasons import CONDITIONS, Reason
from wharfinger.api.remedies import REMEDIES


def sections():
    parts = condition_reference().split("\n## ")[1:]
    return {part.partition("\n")[0]: part for part in parts}


def test_every_condition_has_a_section_with_a_row_for_each_of_its_reasons():
    found = sections()
    for condition, reasons in REMEDIES.items():
        kind, _, word = condition.rpartition(" ")
        section = found[f"{word} of a {kind}" if kind else word]
        assert CONDITIONS[word] in section
        for reason, remedy in reasons.items():
            assert f"| `{reason}` | {reason.meaning} | {remedy or 'Nothing.'} |" in section


def test_every_reason_has_a_row_and_those_of_events_alone_stand_there():
    page = condition_reference()
    assert not [reason for reason in Reason if f"| `{reason}` |" not in page]
    assert "| `PasswordChanged` |" in sections()["Events"]
    assert "| `ClaimLost` |" not in sections()["Events"]


def test_every_condition_type_is_declared():
    assert {condition.rpartition(" ")[2] for condition in REMEDIES} == set(CONDITIONS)


def test_a_remedy_is_a_sentence():
    for reasons in REMEDIES.values():
        assert all(remedy == "" or (remedy[0].isupper() and remedy.endswith(".")) for remedy in reasons.values())
