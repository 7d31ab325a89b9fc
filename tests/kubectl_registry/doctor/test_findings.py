"""Findings: what each kind of them carries."""

from kubectl_registry.doctor.findings import Verdict, broken, ok, skipped, warning


def test_what_is_broken_says_what_it_means_and_how_to_mend_it() -> None:
    found = broken("pod", "it is dead", "nobody can pull", "look", "mend")
    assert found.as_object() == {
        "check": "pod", "verdict": "broken", "message": "it is dead", "meaning": "nobody can pull",
        "mend": ["look", "mend"],
    }  # fmt: skip


def test_each_kind_has_its_verdict() -> None:
    assert [each.verdict for each in (ok("a", "b"), warning("a", "b", "c"), skipped("a", "b"))] == [
        Verdict.OK, Verdict.WARNING, Verdict.SKIPPED,
    ]  # fmt: skip
