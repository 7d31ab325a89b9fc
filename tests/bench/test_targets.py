"""A row meets its target, or its verdict says against whom it does not."""

from bench.targets import target


def verdict(row, **values):
    return target(row).verdict(row, values)


def test_a_target_is_met_against_all_that_it_names():
    row = "blob GET, plain, MB/s"
    assert verdict(row, wharf=1500.0, Distribution=1000.0, zot=900.0, nginx=1500.0) == "met"
    assert verdict(row, wharf=1400.0, Distribution=1000.0, zot=900.0, nginx=1500.0) == "missed: Distribution, nginx"


def test_who_did_not_run_is_named():
    row = "manifest GET, TLS, p99 ms"
    assert verdict(row, wharf=5.0, Distribution=9.0) == "met (no zot)"
    assert verdict(row, wharf=9.5, Distribution=9.0) == "missed: Distribution (no zot)"
    assert verdict(row, wharf=5.0) == "(no Distribution, zot)"
    assert verdict(row) == ""


def test_a_limit_is_of_wharf_alone():
    assert verdict("memory at rest, MB", wharf=79.9, Distribution=10.0) == "met"
    assert verdict("page of 1,000 of 10,000, tags, ms", wharf=50.0) == "missed"
    assert target("blob PUT alone, plain, MB/s") is None


def test_a_share_is_to_be_kept():
    row = "pulls with three webhooks of push, share of those with none"
    goal = target(row)
    assert goal is not None
    assert goal.text() == ">= 0.95"
    assert (goal.verdict(row, {"wharf": 0.95}), goal.verdict(row, {"wharf": 0.9})) == ("met", "missed")
    assert target(row.replace("pulls", "pushes")) == goal
